#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp::rx {

/// Spreads the messages that leave when a hole is filled over some time: in one burst, those of a long hole
/// would overflow the socket buffer of the application that they are for.
///
/// They leave six times as fast as they arrived, or 32 per millisecond if that is faster: within a sixth of
/// the time for which the first of them waited, so that none waits longer than OrderHold permits. Owns the
/// list of the streams that release. Never holds a message, never delivers.
class PacedRelease {
 public:
  /// So many messages may always leave at once.
  static constexpr std::size_t kBurst = 32;
  /// The time between two bursts.
  static constexpr Duration kTick = std::chrono::milliseconds(1);

  /// How many of `count` messages leave in each tick, the first of which has waited for `waited`.
  [[nodiscard]] static std::size_t burst(std::size_t count, Duration waited);
  /// How many of a burst of so many may leave now: without those of the holes that were filled in this tick.
  [[nodiscard]] std::size_t left_of(Timestamp now, StreamId stream, std::size_t burst) const {
    const Recent& recent = recent_[slot(stream)];
    const bool counts = recent.stream == stream && now < recent.since + kTick;
    return burst - std::min(burst, counts ? recent.count : 0);
  }
  /// So many messages of the stream have left.
  void on_released(Timestamp now, StreamId stream, std::size_t count) {
    Recent& recent = recent_[slot(stream)];
    if (recent.stream != stream || now >= recent.since + kTick) recent = {now, stream, 0};
    recent.count += count;
  }
  /// More messages of the stream have their turn, and leave in bursts of so many. Costs O(streams that
  /// release).
  void add(Timestamp now, StreamId stream, std::size_t burst);
  /// When to call on_timeout(), or kNever: no stream releases.
  [[nodiscard]] Timestamp deadline() const { return streams_.empty() ? kNever : next_tick_; }
  /// Releases what is due. `deliver(stream, most)` delivers at most so many messages of the stream, and
  /// returns whether more of them have their turn.
  template <typename Deliver>
  void on_timeout(Timestamp now, Deliver deliver) {
    if (now < deadline()) return;
    next_tick_ = now + kTick;
    std::erase_if(streams_, [&](const Stream& each) { return !deliver(each.id, each.burst); });
  }

  /// Releases everything: `deliver(stream)` delivers all messages of the stream that have their turn.
  template <typename Deliver>
  void finish(Deliver deliver) {
    for (const Stream& each : streams_) deliver(each.id);
    streams_.clear();
  }

 private:
  struct Stream {
    StreamId id;
    std::size_t burst = 0;  ///< messages of each tick
  };
  /// What a stream has released in the tick that began at `since`.
  struct Recent {
    Timestamp since = Timestamp::min();
    StreamId stream{};
    std::size_t count = 0;
  };
  static std::size_t slot(StreamId stream) { return stream.value() % kRecent; }
  static constexpr std::size_t kRecent = 16;
  std::array<Recent, kRecent> recent_;  ///< streams that share a slot forget each other
  std::vector<Stream> streams_;
  Timestamp next_tick_ = kNever;
};

}  // namespace hawser::sctp::rx
