#pragma once

#include <string>
#include <string_view>

#include "cli/failure.hpp"
#include "hawser/base/result.hpp"

namespace hawser::cli {

/// The control socket to use: `path` when given, that of `interface` when given, else the only one in
/// `directory`.
[[nodiscard]] Result<std::string, Failure> choose_socket(const std::string& path,
                                                         const std::string& interface,
                                                         const std::string& directory);

/// Sends one request line and returns the one answer line. Gives up after five seconds.
[[nodiscard]] Result<std::string, Failure> ask(const std::string& socket, std::string_view request);

}  // namespace hawser::cli
