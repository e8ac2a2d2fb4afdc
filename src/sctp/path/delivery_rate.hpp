#pragma once

#include <algorithm>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "sctp/path/sent_packets.hpp"

namespace hawser::sctp::path {

/// The rate at which ONE path delivers (draft-ietf-ccwg-bbr §4.1): bytes delivered between two points, over
/// the longer of the times in which they left and in which they arrived. Owns the count of delivered bytes.
/// Where the peer reports when packets arrived, its clock measures their arrival, so that delayed and bundled
/// acknowledgements do not distort the rate.
class DeliveryRate {
 public:
  /// Bytes per second; 0: no sample.
  struct Sample {
    double rate = 0;
    bool app_limited = false;  ///< too little data waited, so the path may deliver more
  };

  /// Completes `packet`, which leaves at `now`; `idle`: nothing else is in flight on the path.
  void on_sent(SentPacket& packet, Timestamp now, bool idle) {
    if (idle) point_ = {point_.bytes, now, now, kNever};
    packet.sent_at = now;
    packet.before = point_;
    packet.app_limited = app_limited_until_ != 0;
  }
  /// `bytes` were delivered.
  void on_delivered(std::size_t bytes) { point_.bytes += bytes; }
  /// The sample of `newest`, the newest of the packets that an acknowledgement at `now` has just reported.
  /// `received_at`: when it arrived, by the peer's clock; kNever: not known. `min_rtt`: a shorter time tells
  /// too little.
  Sample sample(const SentPacket& newest, Timestamp now, Timestamp received_at, Duration min_rtt) {
    point_.acked_at = now;
    point_.sent_at = newest.sent_at;
    point_.received_at = received_at;
    if (point_.bytes > app_limited_until_) app_limited_until_ = 0;
    const bool timed = received_at != kNever && newest.before.received_at != kNever;
    const Duration arriving = timed ? received_at - newest.before.received_at : now - newest.before.acked_at;
    const Duration interval = std::max(newest.sent_at - newest.before.sent_at, arriving);
    // The acknowledgement may have come back on a faster path, sooner than the round trip of this one.
    const Duration least = std::min(min_rtt, now - newest.sent_at);
    if (interval <= Duration::zero() || interval < least) return {};
    const auto bytes = static_cast<double>(point_.bytes - newest.before.bytes);
    return {bytes * 1e9 / static_cast<double>(interval.count()), newest.app_limited};
  }
  /// The path has room that no data uses: the packets until those in flight (`flight` bytes) are delivered
  /// tell only a lower bound of its rate.
  void on_app_limited(std::size_t flight) {
    app_limited_until_ = std::max<std::uint64_t>(1, point_.bytes + flight);
  }
  /// Bytes delivered so far.
  [[nodiscard]] std::uint64_t delivered() const { return point_.bytes; }

 private:
  DeliveryPoint point_;
  std::uint64_t app_limited_until_ = 0;  ///< samples count as app-limited until so much is delivered; 0: none
};

}  // namespace hawser::sctp::path
