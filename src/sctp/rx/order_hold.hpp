#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp::rx {

/// How long the messages of a stream wait behind a hole in its order before they skip it.
///
/// Measures how long holes lasted until they were filled, by packets that another path overtook or by
/// retransmissions, and lets messages wait a quarter longer than the longest of the last two to four seconds;
/// older ones count less and less. Owns the measurements and a note of the last skipped holes. Never holds a
/// message, never delivers.
class OrderHold {
 public:
  /// The shortest hold, even if all holes were filled faster.
  static constexpr Duration kMin = std::chrono::milliseconds(5);
  /// Holes of this age count fully; in each further span of this length they lose a quarter.
  static constexpr Duration kWindow = std::chrono::seconds(2);

  /// The hold is never longer than `max`, and starts with that. Zero: messages wait as long as it takes,
  /// as RFC 9260 §6.6 requires.
  explicit OrderHold(Duration max) : max_(max), earlier_(max) {}

  /// Whether messages skip holes at all.
  [[nodiscard]] bool bounded() const { return max_ != Duration{}; }
  /// How long a message waits now; meaningful if bounded().
  [[nodiscard]] Duration current() const { return current_; }

  /// A hole was filled, `lasted` after the first message behind it had arrived.
  void on_filled(Timestamp now, Duration lasted);
  /// The messages of a stream skip the SSNs of [first, end), for which they have waited since `since`.
  void on_skipped(Timestamp since, StreamId stream, std::uint64_t first, std::uint64_t end);
  /// A message of a hole arrives that was skipped.
  void on_late(Timestamp now, StreamId stream, std::uint64_t ssn);
  /// The repair of a loss is expected to take `time`, whether or not one was measured.
  void expect_repair(Timestamp now, Duration time);

  /// Holes skipped so far.
  [[nodiscard]] std::uint64_t holes_skipped() const { return holes_skipped_; }
  /// Messages that arrived after their hole was skipped.
  [[nodiscard]] std::uint64_t late_messages() const { return late_messages_; }

 private:
  /// A skipped hole.
  struct Skipped {
    Timestamp since{};
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    StreamId stream;
  };
  void age(Timestamp now);
  void update();

  Duration max_;
  Duration current_ = max_;
  Duration recent_{};                        ///< the longest hole of this window
  Duration earlier_;                         ///< the longest hole before it, less what it has lost by age
  Duration expected_{};                      ///< see expect_repair()
  Timestamp window_end_ = Timestamp::min();  ///< min: no window has begun
  std::array<Skipped, 32> skipped_{};        ///< a ring
  std::size_t next_skipped_ = 0;
  std::uint64_t holes_skipped_ = 0;
  std::uint64_t late_messages_ = 0;
};

}  // namespace hawser::sctp::rx
