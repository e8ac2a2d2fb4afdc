#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace hawser::io {

/// A socket or device that could not be set up as configured: what() says what was attempted, on which device
/// or address, and why it failed. Thrown at start-up only; what goes wrong later is counted.
class SetupError : public std::runtime_error {
 public:
  SetupError(const std::string& what, std::error_code code) : std::runtime_error(what), code_(code) {}
  /// The operating system's reason; empty when the request itself was impossible.
  [[nodiscard]] std::error_code code() const { return code_; }

 private:
  std::error_code code_;
};

}  // namespace hawser::io
