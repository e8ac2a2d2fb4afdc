#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/result.hpp"

namespace hawser::cli {

/// Exit statuses of `hawser`; documented in docs/control.md.
enum class Exit : std::uint8_t {
  ok = 0,
  failed = 1,       ///< the daemon refused, or its answer makes no sense
  usage = 2,        ///< wrong usage, or the interface has to be named
  not_running = 3,  ///< no daemon listens
  denied = 4,       ///< the control socket is not for this user
};

struct Failure {
  Exit exit = Exit::failed;
  std::string message;
};

/// The control socket to use: `path` when given, that of `interface` when given, else the only one in
/// `directory`.
[[nodiscard]] Result<std::string, Failure> choose_socket(const std::string& path,
                                                         const std::string& interface,
                                                         const std::string& directory);

/// Sends one request line and returns the one answer line. Gives up after five seconds.
[[nodiscard]] Result<std::string, Failure> ask(const std::string& socket, std::string_view request);

}  // namespace hawser::cli
