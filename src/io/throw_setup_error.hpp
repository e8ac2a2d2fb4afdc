#pragma once

#include <string>

#include "io/setup_error.hpp"

namespace hawser::io {

/// Throws a SetupError: "<what>: <reason of errno value `error`>", the reason in lower case.
[[noreturn]] void throw_setup_error(const std::string& what, int error);
/// The same with a hint instead of the bare reason.
[[noreturn]] void throw_setup_error(const std::string& what, int error, const std::string& reason);

}  // namespace hawser::io
