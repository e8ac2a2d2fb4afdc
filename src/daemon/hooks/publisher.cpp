#include "daemon/hooks/publisher.hpp"

#include <algorithm>

namespace hawser::daemon::hooks {

void HookPublisher::handle_event(const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (event.kind == Kind::connected || event.kind == Kind::accepted)
    return on_association_up(event.association);
  const auto at = carriers_.find(event.association);
  if (at == carriers_.end()) return;
  switch (event.kind) {
    case Kind::path_up: return on_path_up(event, at->second);
    case Kind::path_down:
    case Kind::path_removed: return on_path_end(event, at->second);
    case Kind::path_moved: return on_path_moved(event, at->second);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return on_association_end(event);
    default: return;
  }
}

// When a newer association replaces the one of a peer that is up, the tunnel stays up.
void HookPublisher::on_association_up(sctp::AssociationId id) {
  const auto peer = context_.tunnel.peer_of(id);
  if (!peer || context_.tunnel.peer(*peer).association != id) return;  // the tunnel rejected it
  carriers_.emplace(id, Carrier{*peer, {}});
  if (up_.size() <= *peer) up_.resize(*peer + std::size_t{1});  // a peer that was added
  if (up_[*peer]) return;
  up_[*peer] = true;
  publish_tunnel("tunnel-up", id, *peer, "");
}

void HookPublisher::on_association_end(const sctp::Event& event) {
  const auto ended = carriers_.extract(event.association);
  const Carrier& carrier = ended.mapped();
  for (const auto& [id, path] : carrier.paths) publish_path("path-down", event, id, carrier, path);
  if (context_.tunnel.peer(carrier.peer).association) return;  // a newer association carries the tunnel
  up_[carrier.peer] = false;
  publish_tunnel("tunnel-down", event.association, carrier.peer, event.reason);
}

void HookPublisher::on_path_up(const sctp::Event& event, Carrier& carrier) {
  const auto [at, fresh] =
      carrier.paths.insert_or_assign(event.path, describe(event.association, event.path));
  if (fresh) publish_path("path-up", event, event.path, carrier, at->second);
}

void HookPublisher::on_path_end(const sctp::Event& event, Carrier& carrier) {
  const auto ended = carrier.paths.extract(event.path);
  if (!ended.empty()) publish_path("path-down", event, event.path, carrier, ended.mapped());
}

void HookPublisher::on_path_moved(const sctp::Event& event, Carrier& carrier) {
  const Path path = describe(event.association, event.path);
  if (const auto at = carrier.paths.find(event.path); at != carrier.paths.end()) at->second = path;
  publish_path("path-moved", event, event.path, carrier, path);
}

// Empty: the path is gone.
HookPublisher::Path HookPublisher::describe(sctp::AssociationId id, sctp::PathId path) const {
  const auto status = context_.endpoint.status(id);
  if (!status) return {};
  const auto at =
      std::ranges::find(status->paths, path, [](const sctp::PathStatus& each) { return each.id; });
  if (at == status->paths.end()) return {};
  uplinks::Uplinks::Exit exit = context_.uplinks.exit_of(at->route);
  return {std::move(exit.label), std::move(exit.interface), exit.local.to_string(),
          at->route.remote.to_string()};
}

void HookPublisher::publish_tunnel(const char* name, sctp::AssociationId id, tunnel::PeerIndex peer,
                                   std::string_view reason) {
  context_.platform.announce({name, facts(id, peer, reason), peer, {}});
}

void HookPublisher::publish_path(const char* name, const sctp::Event& event, sctp::PathId id,
                                 const Carrier& carrier, const Path& path) {
  Facts all = facts(event.association, carrier.peer, event.reason);
  all.emplace_back("HAWSER_PATH_ID", std::to_string(id.value()));
  all.emplace_back("HAWSER_PATH_LABEL", path.label);
  all.emplace_back("HAWSER_PATH_INTERFACE", path.interface);
  all.emplace_back("HAWSER_LOCAL", path.local);
  all.emplace_back("HAWSER_REMOTE", path.remote);
  if (event.kind == sctp::Event::Kind::path_moved)
    all.emplace_back("HAWSER_OLD_REMOTE", event.previous.to_string());
  std::string key = std::to_string(event.association.value()) + "/" + std::to_string(id.value());
  context_.platform.announce({name, std::move(all), carrier.peer, std::move(key)});
}

HookPublisher::Facts HookPublisher::facts(sctp::AssociationId id, tunnel::PeerIndex peer,
                                          std::string_view reason) const {
  const config::PeerConfig& config = context_.config.peers[peer];
  return {{"HAWSER_INTERFACE", context_.config.interface.name},
          {"HAWSER_PEER", config.name},
          {"HAWSER_PEER_KEY", config.public_key->to_base64()},
          {"HAWSER_ASSOCIATION", std::to_string(id.value())},
          {"HAWSER_REASON", std::string(reason)}};
}

}  // namespace hawser::daemon::hooks
