#include <algorithm>
#include <array>

#include "sctp/association/association.hpp"

// When a path carries data, and how much: what we want, and what the peer wants (docs/protocol.md, "Path
// roles and caps").

namespace hawser::sctp::association {

bool Association::set_path_role(PathId id, PathRole role) {
  path::Path* path = core_.paths.find(id);
  if (path == nullptr) return false;
  path->own_role = role;
  return true;
}

bool Association::set_path_caps(PathId id, const PathCaps& caps) {
  path::Path* path = core_.paths.find(id);
  if (path == nullptr || !is_cap(caps.upload_bps) || !is_cap(caps.download_bps)) return false;
  path->own_caps = caps;
  settle_cap(*path);
  return true;
}

void Association::settle_cap(path::Path& path) {
  const std::uint64_t ours = path.own_caps.upload_bps;
  const std::uint64_t peers = path.peer_cap_bps;
  path.cap.set(ours == 0 || peers == 0 ? std::max(ours, peers) : std::min(ours, peers));
}

// The peer knows a path by our path id, once it works. One that fails may come back as another path of the
// peer's, which has to be advertised again; unless nothing was ever wished for, as every path begins so.
void Association::send_path_preferences() {
  std::array<std::byte, wire::PathPreferencesHead::kSize + 256 * wire::PathPreferenceEntry::kSize> raw;
  ByteWriter writer(raw);
  for (const auto& path : core_.paths) {
    if (path->state != PathState::active) {
      if (path->advertised != path::PathPreference{}) path->advertised.reset();
      continue;
    }
    if (path->advertised == path->preference() || path->record.generation == 0) continue;
    if (writer.size() == 0) wire::PathPreferencesHead::write(writer);
    const path::PathPreference preference = path->preference();
    wire::PathPreferenceEntry{path->record.epoch, path->record.id, preference.role, preference.cap_bps}.write(
        writer);
    path->advertised = preference;
  }
  if (writer.size() == 0) return;
  SendOptions options;
  options.ppid = Ppid{wire::kPathPreferencesPpid};
  sender_.enqueue_urgent(core_.endpoint.pool.copy(writer.written()), options);
}

void Association::handle_path_preferences(Bytes message) {
  const auto head = wire::PathPreferencesHead::parse(message);
  if (!head) return core_.drop(DropReason::malformed_chunk);
  for (Bytes rest = message.subspan(wire::PathPreferencesHead::kSize); !rest.empty();
       rest = rest.subspan(head->entry_size)) {
    const auto entry = wire::PathPreferenceEntry::parse(rest);
    if (!entry) return core_.drop(DropReason::malformed_chunk);
    const security::PeerPath* known = channel_->peer_path(entry->epoch, entry->path_id);
    path::Path* path = known == nullptr ? nullptr : core_.paths.find(known->path);
    if (path == nullptr) continue;
    path->peer_role = entry->role;
    path->peer_cap_bps = entry->cap_bps;
    settle_cap(*path);
  }
}

}  // namespace hawser::sctp::association
