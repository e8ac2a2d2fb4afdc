#pragma once

#include <string>

#include "control/status.hpp"

namespace hawser::cli {

/// Formats a status for people: the interface, its peers, and a row for each path.
[[nodiscard]] std::string status_text(const control::Status& status);

}  // namespace hawser::cli
