#include "sctp/path/congestion/new_reno.hpp"

#include <algorithm>

#include "sctp/path/congestion/window_controller.hpp"

namespace hawser::sctp::path {
namespace {

// RFC 9260 §7.2.1.
std::size_t initial_window(std::size_t packet) {
  return std::min(4 * packet, std::max<std::size_t>(2 * packet, 4404));
}

// See make_new_reno().
class NewReno final : public WindowController {
 public:
  NewReno(std::size_t packet, std::size_t peer_window)
      : WindowController({packet, initial_window(packet), peer_window},
                         {.on_loss = 0.5, .on_mark = 0.8, .smooth = false, .cumulative_only = true}) {}

 private:
  // RFC 9260 §7.2.2: one packet per window of acknowledged bytes, while the window is fully used.
  void on_avoidance(const AckSample& ack, bool used) override {
    partial_bytes_acked_ += ack.acked;
    if (partial_bytes_acked_ < window().bytes()) return;
    if (!used) {
      partial_bytes_acked_ = window().bytes();
      return;
    }
    partial_bytes_acked_ -= window().bytes();
    window().grow(window().packet());
  }
  void before_reduction() override { partial_bytes_acked_ = 0; }
  void forget() override { partial_bytes_acked_ = 0; }
  [[nodiscard]] bool in_slow_start() const override { return window().bytes() <= window().threshold(); }

  std::size_t partial_bytes_acked_ = 0;
};

}  // namespace

std::unique_ptr<CongestionController> make_new_reno(std::size_t packet_size, std::size_t peer_window) {
  return std::make_unique<NewReno>(packet_size, peer_window);
}

}  // namespace hawser::sctp::path
