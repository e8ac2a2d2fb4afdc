#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/status.hpp"
#include "hawser/base/result.hpp"

/// The conversation over the control socket: one JSON object per line, answered by one JSON object on one
/// line.
namespace hawser::control {

/// Longest request line, newline included. Answers have no limit.
inline constexpr std::size_t kMaxRequest = 4096;

/// Where the daemon of an interface listens unless its configuration says otherwise.
inline constexpr std::string_view kSocketDirectory = "/run/hawser";
[[nodiscard]] std::string default_socket(std::string_view interface);

enum class Command : std::uint8_t { status, path_set };

/// One setting of one uplink, to be changed while the daemon runs.
struct PathSetting {
  std::string label;    ///< of the uplink
  std::string setting;  ///< role, max_upload, max_download
  std::string value;    ///< as in the configuration; "none" lifts a cap
  HAWSER_DESCRIBED(PathSetting, label, setting, value)
};
/// The answer to it.
struct PathChange {
  std::string label;
  std::string setting;
  std::string before;
  std::string after;
  bool over_quota = false;  ///< its quota is used up, so that the role it then has may count instead
  HAWSER_DESCRIBED(PathChange, label, setting, before, after, over_quota)
};

struct Request {
  Command command = Command::status;
  PathSetting setting;  ///< of path_set
};

/// What is wrong with a message, for people.
struct ParseError {
  std::string message;
};

[[nodiscard]] Result<Request, ParseError> parse_request(std::string_view line);
/// These return one line, newline included.
[[nodiscard]] std::string make_request(const Request& request);
[[nodiscard]] std::string make_error(std::string_view message);
[[nodiscard]] std::string make_status(const Status& status);
[[nodiscard]] std::string make_path_change(const PathChange& change);

/// Reads the answer to "status"; the daemon's own error message when it refused. Unknown fields are ignored
/// and missing ones keep their defaults, so that versions can differ.
[[nodiscard]] Result<Status, ParseError> parse_status(std::string_view line);
/// The same for the answer to "path_set".
[[nodiscard]] Result<PathChange, ParseError> parse_path_change(std::string_view line);

}  // namespace hawser::control
