#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace hawser::io {

/// Thrown when a socket or device cannot be set up as configured: what() names the attempt, the device or
/// address, and the reason. Only set-up throws; later errors are counted.
class SetupError : public std::runtime_error {
 public:
  /// `what` is the whole text, `code` the operating system's reason.
  SetupError(const std::string& what, std::error_code code) : std::runtime_error(what), code_(code) {}
  /// The operating system's reason; std::errc::invalid_argument when the request itself was impossible.
  [[nodiscard]] std::error_code code() const { return code_; }

 private:
  std::error_code code_;
};

}  // namespace hawser::io
