#pragma once

#include <string>
#include <string_view>

#include "cli/failure.hpp"
#include "hawser/base/result.hpp"

namespace hawser::cli {

/// Selects the control socket: `path` when given, else the one of `interface` when given, else the only one
/// in `directory`.
[[nodiscard]] Result<std::string, Failure> choose_socket(const std::string& path,
                                                         const std::string& interface,
                                                         const std::string& directory);

/// Sends one request line to a control socket and returns the reply without its newline. Fails when the
/// daemon does not accept or send anything for five seconds.
[[nodiscard]] Result<std::string, Failure> ask(const std::string& socket, std::string_view request);

}  // namespace hawser::cli
