#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace hawser::daemon::quota {

/// Wall-clock time, UTC. Before kClockIsSet nobody has told the machine yet what time it is: routers boot in
/// 1970.
using WallTime = std::chrono::sys_seconds;
inline constexpr WallTime kClockIsSet = std::chrono::sys_days(std::chrono::January / 1 / 2025);

/// The last midnight, UTC, that began a day `reset_day` of a month, at or before `time`; in a month that is
/// shorter, its last day.
[[nodiscard]] WallTime period_begin(WallTime time, unsigned reset_day);
/// The first one after `time`.
[[nodiscard]] WallTime period_end(WallTime time, unsigned reset_day);

/// What was counted in one month.
struct QuotaMonth {
  WallTime begin{};
  std::uint64_t used = 0;
};

/// What of a Quota has to outlive the daemon.
struct QuotaState {
  std::optional<QuotaMonth> current;   ///< nothing: the clock was never set
  std::optional<QuotaMonth> previous;  ///< in case the clock goes back
  std::uint64_t undated = 0;           ///< counted while the clock was not set
};

/// What an uplink has carried in this month and the one before. What of it has to outlive the daemon is
/// `State`. Pure: whoever calls has the clock.
///
/// The clock is not trusted. Until it is set, everything is counted and nothing starts anew. Once it is, what
/// was counted without it belongs to the month that it tells. When it goes back behind the beginning of the
/// month, that month never was: what was counted in it is added to the one before. So a clock that jumps
/// ahead and back makes a count too high, if anything, and never too low.
class Quota {
 public:
  using Month = QuotaMonth;
  using State = QuotaState;

  Quota(std::uint64_t limit, unsigned reset_day, const State& state = {})
      : limit_(limit), reset_day_(reset_day), state_(state) {}

  /// Counts `bytes`, now that it is `now`.
  void add(WallTime now, std::uint64_t bytes);

  [[nodiscard]] std::uint64_t used() const {
    return state_.undated + (state_.current ? state_.current->used : 0);
  }
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] bool over() const { return used() >= limit_; }
  /// When it starts anew; nothing: not known, as the clock was never set.
  [[nodiscard]] std::optional<WallTime> reset() const;
  [[nodiscard]] const State& state() const { return state_; }

 private:
  void turn(WallTime now);
  void go_back(WallTime now);

  std::uint64_t limit_;
  unsigned reset_day_;
  State state_;
};

}  // namespace hawser::daemon::quota
