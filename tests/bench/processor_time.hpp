#pragma once

#include <ctime>

namespace hawser::bench {

/// Processor time: what the machine does meanwhile for others is not in it.
inline double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace hawser::bench
