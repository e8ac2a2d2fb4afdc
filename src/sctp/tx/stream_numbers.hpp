#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/ring_queue.hpp"
#include "hawser/sctp/message_source.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// The SSNs of ordered messages, by stream. Messages that leave before others of their stream leave them the
/// numbers before their own. An SSN has 16 bits, and the receiver tells earlier ones from later ones only
/// while fewer than half of all are in flight: a block of a quarter begins only when every message before the
/// block that ends is acknowledged. Owns the numbers of the streams up to the highest in use.
class StreamNumbers {
 public:
  /// Most numbers of all streams together that are taken although others before them are free.
  static constexpr std::size_t kMaxTakenAhead = 4096;

  /// The unwrapped number of a message of `stream` with `ahead` free numbers before it.
  [[nodiscard]] std::uint64_t number(StreamId stream, std::size_t ahead) const {
    if (stream.value() >= streams_.size()) return ahead;
    const Stream& own = streams_[stream.value()];
    if (ahead == 0 || own.ahead == nullptr || own.ahead->taken.empty()) return own.next + ahead;
    // Behind all that are taken, as a rule.
    return std::max(own.next + ahead + own.ahead->taken.size(), own.ahead->last + 1);
  }
  /// Whether a message of `stream` may have this number. `base`: no unwrapped TSN below it is in flight.
  [[nodiscard]] bool may_take(StreamId stream, std::uint64_t number, std::uint64_t base) const {
    if (stream.value() >= streams_.size()) return true;
    const Stream& own = streams_[stream.value()];
    const std::uint64_t block = own.next / kBlock;
    if (number / kBlock != block) return block == own.block && own.began <= base;
    return (block == own.block ? own.block_before_began : own.began) <= base;
  }
  /// Whether numbers may be taken ahead of others.
  [[nodiscard]] bool may_take_ahead() const { return taken_ahead_ < kMaxTakenAhead; }
  /// A message of `stream` takes a number that number() has returned. Its first chunk has the unwrapped TSN
  /// `tsn`.
  void take(StreamId stream, std::uint64_t number, std::uint64_t tsn) {
    Stream& own = at(stream);
    if (own.next / kBlock != own.block) {
      own.block = own.next / kBlock;
      own.block_before_began = std::exchange(own.began, tsn);
    }
    if (number != own.next) return take_ahead(own, number);
    ++own.next;
    if (own.ahead == nullptr) return;
    RingQueue<std::uint64_t>& taken = own.ahead->taken;
    for (; !taken.empty() && taken.front() == own.next; ++own.next) {
      taken.drop_front();
      --taken_ahead_;
    }
  }

 private:
  static constexpr std::uint64_t kBlock = 1U << 14;
  // What is taken ahead is in the block of the first free number or in the next one.
  static_assert(kMaxTakenAhead + MessageSource::kMaxAhead <= kBlock / 2);
  /// The numbers of a stream that are taken although lower ones are free.
  struct Ahead {
    RingQueue<std::uint64_t> taken;  ///< ascending
    std::uint64_t last = 0;          ///< the highest of them
  };
  struct Stream {
    std::uint64_t next = 0;   ///< the first free number
    std::uint64_t block = 0;  ///< that `next` was in when a number was taken last
    /// TSN of the first message that was taken with `next` in that block: those of all numbers before the
    /// block are lower.
    std::uint64_t began = 0;
    std::uint64_t block_before_began = 0;  ///< the same for the block before
    std::unique_ptr<Ahead> ahead;          ///< null: nothing was ever taken ahead
  };
  void take_ahead(Stream& own, std::uint64_t number) {
    if (own.ahead == nullptr) own.ahead = std::make_unique<Ahead>();
    own.ahead->last = number;
    own.ahead->taken.push_back(std::uint64_t{number});
    ++taken_ahead_;
  }
  Stream& at(StreamId stream) {
    if (stream.value() >= streams_.size()) streams_.resize(stream.value() + std::size_t{1});
    return streams_[stream.value()];
  }
  std::vector<Stream> streams_;
  std::size_t taken_ahead_ = 0;
};

}  // namespace hawser::sctp::tx
