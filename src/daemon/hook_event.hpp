#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hawser::daemon {

/// A change of a tunnel or of one of its paths, in the form in which hooks receive it (docs/hooks.md).
struct HookEvent {
  std::string name;  ///< "tunnel-up", …
  /// Environment variables and their values.
  std::vector<std::pair<std::string, std::string>> facts;
};

}  // namespace hawser::daemon
