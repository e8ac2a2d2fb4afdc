#pragma once

#include <chrono>
#include <cstdint>

namespace hawser {

/// The time line of the engine. It has no now(): time is always a parameter, because only the user of the
/// engine (an event loop or the simulator) owns a clock. The epoch is the user's choice.
struct EngineClock {
  using duration = std::chrono::nanoseconds;                ///< resolution: one nanosecond
  using rep = duration::rep;                                ///< 64 bits, signed
  using period = duration::period;                          ///< std::nano
  using time_point = std::chrono::time_point<EngineClock>;  ///< see Timestamp
  static constexpr bool is_steady = true;                   ///< time never goes backwards
};

/// A span of time in nanoseconds.
using Duration = EngineClock::duration;
/// A point in time, in nanoseconds since the epoch of the user's clock.
using Timestamp = EngineClock::time_point;

/// A deadline that never comes.
inline constexpr Timestamp kNever = Timestamp::max();

}  // namespace hawser
