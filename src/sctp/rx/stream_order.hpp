#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/rx/order_hold.hpp"
#include "sctp/rx/paced_release.hpp"
#include "sctp/rx/waiting_messages.hpp"

namespace hawser::sctp::rx {

/// The order of the messages within each stream (RFC 9260 §6.6): the next SSN of each, the complete messages
/// that wait for their turn, how long they wait (OrderHold) and how fast they leave (PacedRelease).
///
/// Owns no payload: a message is the TSN of its first fragment. `deliver(tsn)` stands for a function that
/// delivers that message; it must not call back. `bounded` means that messages of the stream wait for a
/// limited time. TSNs and SSNs are unwrapped.
class StreamOrder {
 public:
  /// `max_hold`: the longest time that messages of bounded streams wait.
  explicit StreamOrder(Duration max_hold) : hold_(max_hold) {}

  /// The SSN of the message to deliver next.
  [[nodiscard]] std::uint64_t& next(StreamId stream) {
    if (stream.value() >= next_.size()) next_.resize(stream.value() + std::size_t{1}, kFirstSsn);
    return next_[stream.value()];
  }
  /// How long messages wait.
  [[nodiscard]] OrderHold& hold() { return hold_; }
  /// How long messages wait.
  [[nodiscard]] const OrderHold& hold() const { return hold_; }
  /// Whether messages of bounded streams wait.
  [[nodiscard]] bool holds_messages() const { return waiting_.oldest_since() != kNever; }

  /// Makes room for messages of the TSNs of [floor, floor + size) (WaitingMessages::grow).
  void grow(std::uint64_t floor, std::size_t size) { waiting_.grow(floor, size); }
  /// Gives back memory; no message waits.
  void trim() { waiting_ = WaitingMessages(); }
  /// A message that is not the next one of its stream waits. False: another one has its SSN.
  [[nodiscard]] bool wait(Timestamp now, std::uint64_t tsn, StreamId stream, std::uint64_t ssn,
                          bool bounded) {
    return ssn != next(stream) && waiting_.add(tsn, stream, ssn, now, bounded);
  }

  /// The next message of the stream was delivered: those that waited for it have their turn, up to the next
  /// hole, a part of them later if they are many.
  template <typename Deliver>
  void advance(Timestamp now, StreamId stream, bool bounded, Deliver deliver) {
    ++next(stream);
    if (waiting_.count(stream) == 0) return;
    const Duration waited = now - waiting_.waiting_since(stream);
    if (hold_.bounded()) hold_.on_filled(now, waited);
    release(now, stream, bounded, waited, deliver);
  }
  /// The messages up to `last` are abandoned: delivers those of them that wait, and those up to the next
  /// hole.
  template <typename Deliver>
  void skip_to(StreamId stream, std::uint64_t last, Deliver deliver) {
    std::uint64_t& at = next(stream);
    while (at <= last && waiting_.count(stream) != 0) {
      at = std::min(last + 1, waiting_.lowest(stream, at - 1));
      (void)take(stream, waiting_.count(stream), deliver);
    }
    at = std::max(at, last + 1);
  }

  /// When to call on_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const { return std::min(hold_deadline(), release_.deadline()); }
  /// Delivers what PacedRelease has kept back until now. Streams in which a message has waited for the whole
  /// hold skip the holes before it: that message is delivered, those below it before it, and those up to the
  /// next hole. `blocked(stream)`: it may not deliver now, and waits for another hold.
  template <typename Blocked, typename Deliver>
  void on_timeout(Timestamp now, Blocked blocked, Deliver deliver) {
    release_.on_timeout(now, [&](StreamId each, std::size_t most) { return take(each, most, deliver); });
    while (hold_deadline() <= now) {
      const StreamId stream = waiting_.oldest_stream();
      if (blocked(stream)) {
        waiting_.restart_oldest(now);
      } else {
        skip_hole(now, stream, deliver);
      }
    }
  }
  /// Delivers everything that PacedRelease keeps back.
  template <typename Deliver>
  void release_all(Deliver deliver) {
    release_.finish([&](StreamId each) { (void)take(each, waiting_.count(each), deliver); });
  }

 private:
  static constexpr std::uint64_t kFirstSsn = std::uint64_t{1} << 16;

  [[nodiscard]] Timestamp hold_deadline() const {
    const Timestamp since = waiting_.oldest_since();
    return since == kNever ? kNever : since + hold_.current();
  }
  // There is no hole if the lowest message that waits was kept back by PacedRelease.
  template <typename Deliver>
  void skip_hole(Timestamp now, StreamId stream, Deliver deliver) {
    std::uint64_t& at = next(stream);
    const std::uint64_t end = waiting_.lowest(stream, at - 1);
    const Timestamp since = waiting_.waiting_since(stream);
    if (end != at) hold_.on_skipped(since, stream, at, end);
    at = end;
    release(now, stream, true, now - since, deliver);
  }
  template <typename Deliver>
  void release(Timestamp now, StreamId stream, bool bounded, Duration waited, Deliver deliver) {
    const std::size_t count = waiting_.count(stream);
    if (!bounded) return void(take(stream, count, deliver));
    const std::uint64_t first = next(stream);
    const std::size_t burst = PacedRelease::burst(count, waited);
    // At least one, so that none waits longer than the hold.
    const std::size_t most = std::max<std::size_t>(1, release_.left_of(now, stream, burst));
    if (take(stream, most, deliver)) release_.add(now, stream, burst);
    release_.on_released(now, stream, next(stream) - first);
  }
  // Delivers at most so many of the messages up to the next hole. Returns whether there are more.
  template <typename Deliver>
  bool take(StreamId stream, std::size_t most, Deliver deliver) {
    std::uint64_t& at = next(stream);
    for (; most != 0; --most) {
      const std::uint64_t tsn = waiting_.take(stream, at);
      if (tsn == WaitingMessages::kNone) return false;
      deliver(tsn);
      ++at;
    }
    return waiting_.holds(stream, at);
  }

  std::vector<std::uint64_t> next_;  ///< of the streams up to the highest one in use
  WaitingMessages waiting_;
  OrderHold hold_;
  PacedRelease release_;
};

}  // namespace hawser::sctp::rx
