#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// Proportional Rate Reduction (RFC 6937 and its revision): during recovery the flight shrinks to ssthresh in
/// proportion to what is delivered, so that the sender neither falls silent for half a round trip nor bursts
/// at the end; below ssthresh it grows as slow start does. Owns the counters of one recovery; never decides
/// on ssthresh.
class ProportionalRateReduction {
 public:
  /// Recovery begins: `flight` bytes are in flight without the `lost` ones. `packet` is the largest packet.
  void begin(Timestamp now, std::size_t flight, std::size_t lost, std::size_t packet) {
    began_ = now;
    before_ = flight + lost;
    delivered_ = 0;
    sent_ = 0;
    packet_ = packet;
    window_ = flight + packet;  // the first retransmission leaves immediately
  }
  /// `bytes` leave during recovery.
  void on_sent(std::size_t bytes) { sent_ += bytes; }
  /// An acknowledgement arrives during recovery.
  void on_ack(const AckSample& ack, std::size_t ssthresh) {
    // The acknowledgement that revealed the loss was taken out of the flight before begin().
    if (ack.now == began_ && delivered_ == 0) before_ += ack.acked;
    delivered_ += ack.acked;
    const auto sent = static_cast<std::int64_t>(sent_);
    std::int64_t budget = 0;
    if (ack.flight > ssthresh) {
      budget = static_cast<std::int64_t>((delivered_ * ssthresh + before_ - 1) / before_) - sent;
    } else {
      budget = std::max(static_cast<std::int64_t>(delivered_) - sent, static_cast<std::int64_t>(ack.acked));
      if (ack.pseudo_cumulative && ack.lost == 0) budget += static_cast<std::int64_t>(packet_);
      budget = std::min(budget, static_cast<std::int64_t>(ssthresh - ack.flight));
    }
    if (sent_ == 0) budget = std::max(budget, static_cast<std::int64_t>(packet_));
    window_ = ack.flight + static_cast<std::size_t>(std::max<std::int64_t>(budget, 0));
  }
  /// The congestion window during recovery, bytes.
  [[nodiscard]] std::size_t window() const { return window_; }

 private:
  Timestamp began_{};
  std::size_t before_ = 1;     ///< flight when recovery began (RecoverFS)
  std::size_t delivered_ = 0;  ///< since then
  std::size_t sent_ = 0;       ///< since then
  std::size_t packet_ = 0;
  std::size_t window_ = 0;
};

}  // namespace hawser::sctp::path
