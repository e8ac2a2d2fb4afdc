#pragma once

#include <chrono>
#include <cstdint>

namespace hawser {

/// The time line of the engine. It has no now(): time is always a parameter, only the driver (and the
/// simulator) own a clock.
struct EngineClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<EngineClock>;
  static constexpr bool is_steady = true;
};

using Duration = EngineClock::duration;
using Timestamp = EngineClock::time_point;

/// "Never": a deadline that does not come.
inline constexpr Timestamp kNever = Timestamp::max();

}  // namespace hawser
