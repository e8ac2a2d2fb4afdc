#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/result.hpp"
#include "hawser/control/status.hpp"

/// The conversation over the control socket: one JSON object per line, answered by one JSON object on one
/// line.
namespace hawser::control {

/// Longest request line, newline included. Answers have no limit.
inline constexpr std::size_t kMaxRequest = 4096;

/// Where the daemon of an interface listens unless its configuration says otherwise.
inline constexpr std::string_view kSocketDirectory = "/run/hawser";
[[nodiscard]] std::string default_socket(std::string_view interface);

enum class Command : std::uint8_t { status };

/// What is wrong with a message, for people.
struct ParseError {
  std::string message;
};

[[nodiscard]] Result<Command, ParseError> parse_request(std::string_view line);
/// These return one line, newline included.
[[nodiscard]] std::string make_request(Command command);
[[nodiscard]] std::string make_error(std::string_view message);
[[nodiscard]] std::string make_status(const Status& status);

/// Reads the answer to "status"; the daemon's own error message when it refused. Unknown fields are ignored
/// and missing ones keep their defaults, so that versions can differ.
[[nodiscard]] Result<Status, ParseError> parse_status(std::string_view line);

}  // namespace hawser::control
