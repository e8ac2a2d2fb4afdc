#include "io/throw_setup_error.hpp"

#include <cctype>

namespace hawser::io {

void throw_setup_error(const std::string& what, int error) {
  std::string reason = std::generic_category().message(error);
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  throw_setup_error(what, error, reason);
}

void throw_setup_error(const std::string& what, int error, const std::string& reason) {
  throw SetupError(what + ": " + reason, std::error_code(error, std::generic_category()));
}

}  // namespace hawser::io
