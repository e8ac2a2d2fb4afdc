#include "sctp/path/congestion/coupled.hpp"

#include <algorithm>
#include <cmath>

#include "sctp/path/congestion/initial_window.hpp"
#include "sctp/path/congestion/window_controller.hpp"

namespace hawser::sctp::path {
namespace {

// See make_coupled(). LIA rather than OLIA or BALIA: BALIA reduces the smaller of two unequal windows to a
// quarter, which leaves a slow link that is not shared half empty, and OLIA moves the growth away from it.
class Coupled final : public WindowController {
 public:
  Coupled(std::size_t packet, std::size_t peer_window, CouplingGroup& group)
      : WindowController({packet, ten_packets(packet), peer_window}, {.on_loss = 0.5, .on_mark = 0.8}),
        group_(group),
        member_(group) {}

 private:
  // RFC 6356 §3: the window grows by the lower of alpha / total and 1 / window packets for each packet. With
  // alpha as in the RFC, alpha / total is best / rate².
  void on_avoidance(const AckSample& ack, bool used) override {
    if (!used) return;
    const auto cwnd = static_cast<double>(window().bytes());
    const CouplingGroup::Totals totals = group_.totals(ack.now);
    const double alone = 1 / cwnd;
    const double linked = totals.rate > 0 ? totals.best / (totals.rate * totals.rate) : alone;
    const double more =
        std::min(linked, alone) * static_cast<double>(window().packet()) * static_cast<double>(ack.acked) +
        remainder_;
    const double whole = std::floor(more);
    remainder_ = more - whole;
    window().grow(static_cast<std::size_t>(whole));
  }
  void before_ack(const AckSample& ack) override { member_.update(ack.now, window().bytes(), srtt()); }

  CouplingGroup& group_;
  CouplingGroup::Member member_;
  double remainder_ = 0;  // of a byte, that the window has not grown by yet
};

}  // namespace

std::unique_ptr<CongestionController> make_coupled(std::size_t packet_size, std::size_t peer_window,
                                                   CouplingGroup& group) {
  return std::make_unique<Coupled>(packet_size, peer_window, group);
}

}  // namespace hawser::sctp::path
