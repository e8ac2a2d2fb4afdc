#include "sctp/association/components.hpp"

namespace hawser::sctp::association {

void drop_retired_paths(Components& parts) {
  if (!parts.paths.any_retired()) return;
  for (const auto& path : parts.paths.take_retired()) {
    parts.data.outstanding().forget(*path);
    parts.asconf.on_path_removed(path->id);
    parts.control.drop(path->id);
  }
}

}  // namespace hawser::sctp::association
