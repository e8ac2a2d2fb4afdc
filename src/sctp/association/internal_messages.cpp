#include "sctp/association/internal_messages.hpp"

#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::association {

void InternalMessages::receive(Timestamp now) {
  bool first_keys = false;
  while (const auto message = parts_.receiver->poll_diverted()) {
    const Bytes bytes = message->payload.bytes();
    if (message->ppid == wire::kKeyManagementPpid) {
      first_keys |= parts_.keys->on_message(now, bytes, message->more, parts_.endpoint.drops);
    } else {
      on_path_preferences(bytes);
    }
  }
  if (first_keys) path::PathValidation::probe(*parts_.paths.primary());
}

void InternalMessages::send_key_messages() {
  SendOptions options;
  options.ppid = wire::kKeyManagementPpid;
  options.immediate_sack = true;
  while (const auto message = parts_.keys->poll_message()) send(*message, options);
}

void InternalMessages::send_path_preferences() {
  const std::vector<std::byte> message = parts_.preferences.poll_message();
  if (message.empty()) return;
  SendOptions options;
  options.ppid = wire::kPathPreferencesPpid;
  send(message, options);
}

void InternalMessages::send(Bytes message, const SendOptions& options) {
  parts_.data.queue().push_urgent(parts_.endpoint.pool.copy(message), options);
}

void InternalMessages::on_path_preferences(Bytes message) {
  const auto head = wire::PathPreferencesHead::parse(message);
  if (!head) return parts_.endpoint.drops.add(DropReason::malformed_chunk);
  for (Bytes rest = message.subspan(wire::PathPreferencesHead::kSize); !rest.empty();
       rest = rest.subspan(head->entry_size)) {
    const auto entry = wire::PathPreferenceEntry::parse(rest);
    if (!entry) return parts_.endpoint.drops.add(DropReason::malformed_chunk);
    const security::PeerPath* known = parts_.keys->channel().peer_path(entry->epoch, entry->path_id);
    path::Path* path = known == nullptr ? nullptr : parts_.paths.find(known->path);
    if (path == nullptr) continue;
    if (entry->removed) {
      // Only the end that chose a path can remove it, and not the last one that works. A path that it has
      // added since then from the same address is another one, and stays.
      const bool same = path->peer_record == RecordOrigin{entry->epoch, entry->path_id};
      if (same && !path->ours && parts_.paths.any_active_but(*path))
        parts_.paths.retire(path->id, parts_.events);
    } else {
      path::Preferences::apply(*path, {entry->role, entry->cap_bps});
    }
  }
  drop_retired_paths(parts_);
}

}  // namespace hawser::sctp::association
