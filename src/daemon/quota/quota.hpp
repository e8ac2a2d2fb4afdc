#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace hawser::daemon::quota {

/// Date and time, UTC.
using WallTime = std::chrono::sys_seconds;
/// An earlier time means that the clock of the machine is not set yet: routers boot in 1970.
inline constexpr WallTime kClockIsSet = std::chrono::sys_days(std::chrono::January / 1 / 2025);

/// The last midnight (UTC) at or before `time` with which a day `reset_day` of a month begins; in a shorter
/// month, its last day.
[[nodiscard]] WallTime period_begin(WallTime time, unsigned reset_day);
/// The first such midnight after `time`.
[[nodiscard]] WallTime period_end(WallTime time, unsigned reset_day);

/// The bytes counted in one month.
struct QuotaMonth {
  WallTime begin{};        ///< midnight of its reset day
  std::uint64_t used = 0;  ///< bytes
};

/// The part of a Quota that outlives the daemon.
struct QuotaState {
  std::optional<QuotaMonth> current;   ///< none: the clock was never set
  std::optional<QuotaMonth> previous;  ///< in case that the clock goes back
  std::uint64_t undated = 0;           ///< counted while the clock was not set
};

/// Counts what one uplink carries in a month. Owns the counts of this month and of the previous one. Reads no
/// clock.
///
/// The clock may be wrong. Until it is set, bytes are counted without a month and nothing is reset; once it
/// is set, they belong to its month. When the clock goes back to before the current month, the bytes of that
/// month are added to the month before. A clock that jumps ahead and back can therefore make a count too
/// high, but never too low.
class Quota {
 public:
  using Month = QuotaMonth;
  using State = QuotaState;

  /// `limit` in bytes, `reset_day` from 1 to 31.
  Quota(std::uint64_t limit, unsigned reset_day, const State& state = {})
      : limit_(limit), reset_day_(reset_day), state_(state) {}

  /// Counts `bytes` at the time `now`.
  void add(WallTime now, std::uint64_t bytes);

  /// Bytes since the last reset.
  [[nodiscard]] std::uint64_t used() const {
    return state_.undated + (state_.current ? state_.current->used : 0);
  }
  /// Bytes a month.
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  /// Whether the quota is used up.
  [[nodiscard]] bool over() const { return used() >= limit_; }
  /// The next reset; none: unknown, as the clock was never set.
  [[nodiscard]] std::optional<WallTime> reset() const;
  /// For the constructor of the next run.
  [[nodiscard]] const State& state() const { return state_; }

 private:
  void update_month(WallTime now);
  void go_back(WallTime now);

  std::uint64_t limit_;
  unsigned reset_day_;
  State state_;
};

}  // namespace hawser::daemon::quota
