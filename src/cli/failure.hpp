#pragma once

#include <cstdint>
#include <string>

namespace hawser::cli {

/// Exit statuses of `hawser`; documented in docs/control.md.
enum class Exit : std::uint8_t {
  ok = 0,
  failed = 1,       ///< the input is no key, the daemon refused, or its answer makes no sense
  usage = 2,        ///< wrong usage, or the interface has to be named
  not_running = 3,  ///< no daemon listens
  denied = 4,       ///< the control socket is not for this user
};

struct Failure {
  Exit exit = Exit::failed;
  std::string message;
};

}  // namespace hawser::cli
