#pragma once

#include <ctime>

namespace hawser::bench {

/// Processor time of this process in seconds, without the time that the machine spends on others.
inline double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace hawser::bench
