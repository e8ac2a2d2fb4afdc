#include "sctp/association/path_commands.hpp"

namespace hawser::sctp::association {

std::optional<PathId> PathCommands::add(const Route& route) {
  if (parts_.paths.find(route) != nullptr) return std::nullopt;
  path::Path* path = parts_.paths.add(route, PathState::joining, establishment_.peer_window());
  if (path == nullptr) return std::nullopt;
  path->ours = true;
  parts_.events.emit(Event::Kind::path_added, path->id);
  parts_.asconf.join(path->id);
  return path->id;
}

bool PathCommands::remove(PathId id) {
  const path::Path* path = parts_.paths.find(id);
  const bool removed = parts_.paths.retire(id, parts_.events);
  if (removed) parts_.preferences.on_removed(*path);
  drop_retired_paths(parts_);
  return removed;
}

void PathCommands::move(PathId id) {
  path::Path* path = parts_.paths.find(id);
  if (path == nullptr || establishment_.handshaking()) return;
  parts_.recovery.on_moved(*path);
  parts_.migration.move(*path);
  parts_.asconf.on_path_moved(id);
}

bool PathCommands::set_congestion(PathId id, CongestionControl control) {
  path::Path* path = parts_.paths.find(id);
  if (path == nullptr) return false;
  path->control_congestion_by(control);
  return true;
}

bool PathCommands::set_weight(PathId id, std::uint32_t weight) {
  path::Path* path = parts_.paths.find(id);
  if (path == nullptr || weight == 0) return false;
  path->weight = weight;
  return true;
}

void PathCommands::probe(PathId id) {
  if (path::Path* path = parts_.paths.find(id)) path::PathValidation::force_probe(*path);
}

bool PathCommands::request_address(wire::ParameterType type, const IpAddress& local) {
  if (establishment_.readiness() == Readiness::handshake || !parts_.asconf.enabled()) return false;
  parts_.asconf.request(type, local);
  return true;
}

}  // namespace hawser::sctp::association
