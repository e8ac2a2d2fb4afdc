#include "sctp/association/components.hpp"

namespace hawser::sctp::association {

void drop_references_to_retired_paths(Components& parts) {
  for (const auto& path : parts.paths.take_retired()) {
    parts.data.outstanding().forget(*path);
    parts.asconf.on_path_removed(path->id);
    parts.control.drop(path->id);
  }
}

Tsn cumulative_tsn(const Components& parts) {
  return parts.receiver ? parts.receiver->cumulative_tsn() : Tsn{};
}

void advance_shutdown(Components& parts, Timestamp now) {
  if (parts.data.drained()) parts.teardown.on_drained(now, cumulative_tsn(parts));
}

void give_back_memory(Components& parts) {
  parts.data.outstanding().trim();
  parts.receiver->trim();
  for (const auto& path : parts.paths) {
    if (path->flight.bytes == 0) path->flight.sent.trim();
  }
}

}  // namespace hawser::sctp::association
