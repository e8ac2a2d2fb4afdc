#pragma once

#include <cstdint>

#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// Divides the acknowledgements of a path into round trips: a round ends with the acknowledgement of a packet
/// that left after the round began. Owns only counters.
class RoundCounter {
 public:
  /// Returns whether the acknowledgement is the first of a round.
  bool on_ack(const AckSample& ack) {
    delivered_ = ack.delivered;
    if (ack.prior_delivered < next_) return false;
    next_ = ack.delivered;
    return true;
  }
  /// Bytes delivered so far.
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

 private:
  std::uint64_t delivered_ = 0;
  std::uint64_t next_ = 0;  ///< delivered bytes when the round began
};

}  // namespace hawser::sctp::path
