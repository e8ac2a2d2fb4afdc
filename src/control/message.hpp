#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/status.hpp"
#include "hawser/base/result.hpp"

/// The protocol of the control socket: a request is one JSON object on one line, and so is its reply.
namespace hawser::control {

/// Bytes of the longest request line, newline included. Replies have no limit.
inline constexpr std::size_t kMaxRequest = 4096;

/// Directory of the control sockets, unless a configuration sets another path.
inline constexpr std::string_view kSocketDirectory = "/run/hawser";
/// The default path of the control socket of the daemon with this interface.
[[nodiscard]] std::string default_socket(std::string_view interface);

/// Selects the action of a request.
enum class Command : std::uint8_t {
  status,   ///< report the status
  path_set  ///< change one setting of one uplink
};

/// Arguments of "path_set": one setting of one uplink, to be changed while the daemon runs.
struct PathSetting {
  std::string label;    ///< the uplink's label
  std::string setting;  ///< role, max_upload, max_download or congestion
  std::string value;    ///< as in the configuration; "none" removes a cap
  HAWSER_DESCRIBED(PathSetting, label, setting, value)
};
/// Reply to "path_set".
struct PathChange {
  std::string label;    ///< as in the request
  std::string setting;  ///< as in the request
  std::string before;   ///< the value before
  std::string after;    ///< the value now
  /// Whether the uplink's quota is used up, so that the role configured as over_quota may apply instead.
  bool over_quota = false;
  HAWSER_DESCRIBED(PathChange, label, setting, before, after, over_quota)
};

/// A request to the daemon.
struct Request {
  Command command = Command::status;  ///< selects the arguments
  PathSetting setting;                ///< arguments of path_set
};

/// Why a message is invalid, or the error that the daemon reports.
struct ParseError {
  std::string message;  ///< for people
};

/// Reads a request line, with or without its newline.
[[nodiscard]] Result<Request, ParseError> parse_request(std::string_view line);
/// Writes a request line, newline included.
[[nodiscard]] std::string make_request(const Request& request);
/// Writes the reply to a request that failed, newline included.
[[nodiscard]] std::string make_error(std::string_view message);
/// Writes the reply to "status", newline included.
[[nodiscard]] std::string make_status(const Status& status);
/// Writes the reply to "path_set", newline included.
[[nodiscard]] std::string make_path_change(const PathChange& change);

/// Reads the reply to "status". Fails with the daemon's message when the daemon reports an error. Ignores
/// unknown fields, and missing ones keep their defaults, so that the two ends may have different versions.
[[nodiscard]] Result<Status, ParseError> parse_status(std::string_view line);
/// Reads the reply to "path_set". Fails with the daemon's message when the daemon reports an error.
[[nodiscard]] Result<PathChange, ParseError> parse_path_change(std::string_view line);

}  // namespace hawser::control
