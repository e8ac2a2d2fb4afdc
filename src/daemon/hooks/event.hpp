#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hawser::daemon::hooks {

/// Something that happened to a tunnel or one of its paths, as hooks are told of it (docs/hooks.md).
struct HookEvent {
  std::string name;  ///< "tunnel-up", …
  /// Environment variables and their values.
  std::vector<std::pair<std::string, std::string>> facts;
};

}  // namespace hawser::daemon::hooks
