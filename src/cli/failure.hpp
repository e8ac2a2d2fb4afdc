#pragma once

#include <cstdint>
#include <string>

namespace hawser::cli {

/// Exit statuses of `hawser`; documented in docs/control.md.
enum class Exit : std::uint8_t {
  ok = 0,           ///< success
  failed = 1,       ///< the input is not a key, or the daemon rejected the request or sent an invalid reply
  usage = 2,        ///< wrong usage, or several interfaces and none was named
  not_running = 3,  ///< no daemon listens
  denied = 4,       ///< this user has no permission for the control socket
};

/// Why a command failed.
struct Failure {
  Exit exit = Exit::failed;  ///< exit status of the program
  std::string message;       ///< for people, without "hawser: "
};

}  // namespace hawser::cli
