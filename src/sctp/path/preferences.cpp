#include "sctp/path/preferences.hpp"

#include <algorithm>
#include <utility>

#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::path {

bool Preferences::set_role(PathId id, PathRole role) {
  Path* path = paths_.find(id);
  if (path == nullptr) return false;
  path->own_role = role;
  return true;
}

bool Preferences::set_primary(PathId id) {
  if (paths_.find(id) == nullptr) return false;
  paths_.set_primary(id);
  return true;
}

bool Preferences::set_caps(PathId id, const PathCaps& caps) {
  Path* path = paths_.find(id);
  if (path == nullptr || !is_cap(caps.upload_bps) || !is_cap(caps.download_bps)) return false;
  path->own_caps = caps;
  update_cap(*path);
  return true;
}

void Preferences::on_removed(const Path& path) {
  if (path.record.generation != 0 && removed_.size() < kMaxRemoved)
    removed_.push_back({path.record.epoch, path.record.id});
}

void Preferences::apply(Path& path, const PathPreference& of_peer) {
  path.peer_role = of_peer.role;
  path.peer_cap_bps = of_peer.cap_bps;
  update_cap(path);
}

void Preferences::update_cap(Path& path) {
  const std::uint64_t own = path.own_caps.upload_bps;
  const std::uint64_t peer = path.peer_cap_bps;
  path.cap.set(own == 0 || peer == 0 ? std::max(own, peer) : std::min(own, peer));
}

// The peer identifies a path by our record path id, once the path is active. A path that fails may return as
// another path of the peer, so its preference is sent again. The default is not sent for a new path, because
// every path starts with it.
std::vector<std::byte> Preferences::poll_message() {
  std::array<std::byte,
             wire::PathPreferencesHead::kSize + (256 + kMaxRemoved) * wire::PathPreferenceEntry::kSize>
      raw;
  ByteWriter writer(raw);
  for (const auto& path : paths_) {
    if (!path->lifecycle.active()) {
      if (path->advertised != PathPreference{}) path->advertised.reset();
      continue;
    }
    if (path->advertised == path->preference() || path->record.generation == 0) continue;
    if (writer.size() == 0) wire::PathPreferencesHead::write(writer);
    const PathPreference preference = path->preference();
    wire::PathPreferenceEntry{path->record.epoch, path->record.id, preference.role, preference.cap_bps}.write(
        writer);
    path->advertised = preference;
  }
  for (const RecordOrigin& gone : std::exchange(removed_, {})) {
    if (writer.size() == 0) wire::PathPreferencesHead::write(writer);
    wire::PathPreferenceEntry{gone.epoch, gone.path_id, PathRole::never, 0, true}.write(writer);
  }
  return {writer.written().begin(), writer.written().end()};
}

}  // namespace hawser::sctp::path
