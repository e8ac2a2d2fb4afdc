#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace hawser::daemon {

/// A change of a tunnel or of one of its paths, in the form in which hooks receive it (docs/hooks.md).
struct HookEvent {
  std::string name;  ///< "tunnel-up", …
  /// Environment variables and their values.
  std::vector<std::pair<std::string, std::string>> facts;
  std::size_t peer = 0;  ///< index of the peer: each has a queue of its own
  /// Names the path among those of the peer; empty: the event is about the tunnel.
  std::string path{};
};

}  // namespace hawser::daemon
