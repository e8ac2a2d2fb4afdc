#pragma once

#include <string>

#include "io/setup_error.hpp"

namespace hawser::io {

/// Throws a SetupError "<what>: <system's text for the errno value `error`>", the text beginning in lower
/// case.
[[noreturn]] void throw_setup_error(const std::string& what, int error);
/// Throws a SetupError "<what>: <reason>" with the errno value `error`, for a reason that is clearer than the
/// system's text.
[[noreturn]] void throw_setup_error(const std::string& what, int error, const std::string& reason);

}  // namespace hawser::io
