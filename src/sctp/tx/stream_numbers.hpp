#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/sctp/types.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// The SSNs of ordered messages, by stream. An SSN has 16 bits, and the receiver tells earlier ones from
/// later ones only while fewer than half of all are in flight: a block of a quarter begins only when every
/// message before the block that ends is acknowledged. Owns the numbers of the streams up to the highest in
/// use.
class StreamNumbers {
 public:
  /// Whether the next message of `stream` may have a number. `base`: no unwrapped TSN below it is in flight.
  [[nodiscard]] bool may_take(StreamId stream, std::uint64_t base) const {
    if (stream.value() >= streams_.size()) return true;
    const Stream& own = streams_[stream.value()];
    return own.next.value() % kBlock != 0 || own.block_began <= base;
  }
  /// The number of the next message of `stream`, which stays the same until on_end().
  [[nodiscard]] Ssn next(StreamId stream) { return at(stream).next; }
  /// The last chunk of that message has the unwrapped TSN `tsn`.
  void on_end(StreamId stream, std::uint64_t tsn) {
    Stream& own = at(stream);
    if (own.next.value() % kBlock == 0) own.block_began = tsn;
    ++own.next;
  }

 private:
  static constexpr std::uint16_t kBlock = 1U << 14;
  struct Stream {
    std::uint64_t block_began = 0;  ///< TSN of the first message of the current block
    Ssn next;
  };
  Stream& at(StreamId stream) {
    if (stream.value() >= streams_.size()) streams_.resize(stream.value() + std::size_t{1});
    return streams_[stream.value()];
  }
  std::vector<Stream> streams_;
};

}  // namespace hawser::sctp::tx
