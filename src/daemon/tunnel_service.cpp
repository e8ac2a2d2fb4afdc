#include "daemon/tunnel_service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/config/engine_config.hpp"
#include "daemon/peering/association_state.hpp"
#include "daemon/status/report.hpp"

namespace hawser::daemon {

TunnelService::TunnelService(const config::Config& config, sctp::SecurityConfig security, Platform& platform,
                             io::PacketDevice& device, RandomSource& random)
    : config_(config),
      platform_(platform),
      device_(device),
      public_key_(security.private_key.public_key()),
      endpoint_(config::endpoint_config(config), random, pool_, std::move(security)),
      tunnel_(config::tunnel_config(config, random.u64()), device, endpoint_, pool_),
      sockets_(platform),
      uplinks_(platform, sockets_, config),
      policies_(endpoint_, tunnel_, uplinks_, config.interface.congestion),
      quotas_({platform, sockets_, policies_}, config),
      connections_({endpoint_, tunnel_, uplinks_, random}, config_),
      hook_publisher_({config_, endpoint_, tunnel_, uplinks_, platform}),
      event_log_(config_, endpoint_, tunnel_) {
  if (config_.interface.listen.empty()) return;
  restart_notifier_.emplace(peering::RestartNotifier::Context{endpoint_, tunnel_, sockets_},
                            config_.interface.state_directory + "/" + config_.interface.name + ".peers.json");
}

void TunnelService::start(Timestamp now) {
  started_ = now;
  next_tick_ = now + kTick;
  open_listening_sockets();
  if (is_edge()) refresh_uplinks(now);
  if (restart_notifier_) restart_notifier_->start();
  send_restart_notices(now);
  quotas_.update(now);
  connections_.start(now);
  drain(now);
}

void TunnelService::open_listening_sockets() {
  for (const UdpAddress& address : config_.interface.listen) {
    io::udp::UdpSocketOptions options;
    options.bind = address;
    options.mark = config_.interface.fwmark;
    sockets_.open(options, "");
    spdlog::info("listening on {}", address.to_string());
  }
}

// What ends does so under its old position and name; then the positions change.
void TunnelService::set_peers(Timestamp now, const config::Changes& changes,
                              std::vector<sctp::ProtectedPeer> keys) {
  for (const std::size_t each : changes.ended) connections_.end(now, static_cast<tunnel::PeerIndex>(each));
  endpoint_.set_peers(now, std::move(keys));
  for (const sctp::AssociationId id : tunnel_.associations()) {
    if (std::ranges::find(changes.ended, tunnel_.peer_of(id)) != changes.ended.end())
      endpoint_.abort(now, id, "the configuration of the peer has changed");
  }
  drain(now);
  config_.peers = changes.peers;
  tunnel_.set_peers(config::tunnel_peers(config_.peers));
  if (stop_state_ != StopState::running) return;
  for (const std::size_t each : changes.begun) connections_.begin(now, static_cast<tunnel::PeerIndex>(each));
  if (is_edge()) refresh_uplinks(now);
  drain(now);
}

Result<control::PathChange, control::ParseError> TunnelService::set_path(
    Timestamp now, const control::PathSetting& setting) {
  auto change = policies_.set(setting);
  drain(now);
  return change;
}

// --- input

void TunnelService::handle_socket(Timestamp now, SocketId id) {
  for (int round = 0; round < kRounds; ++round) {
    io::DatagramSocket* socket = sockets_.find(id);  // an event may have closed it
    if (socket == nullptr) break;
    const std::span<ReceivedDatagram> datagrams = socket->receive();
    if (datagrams.empty()) break;
    endpoint_.handle_datagrams(now, datagrams);
    transmit(now);  // SACKs do not wait until the device has taken all packets, which takes longer
    drain(now);     // before the next round: answers and events do not add up
  }
}

void TunnelService::handle_device(Timestamp now) {
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t packets = tunnel_.read_device(now);
    if (packets != 0) drain(now);
    if (packets < tunnel::Tunnel::kBatch) break;
  }
}

void TunnelService::handle_timeout(Timestamp now) {
  if (now >= endpoint_.next_timeout()) endpoint_.handle_timeout(now);
  if (now >= event_hold_.next_timeout()) report_lasting_events(now);
  if (now >= next_tick_) tick(now);
  if (now >= refresh_timer_.next_timeout()) refresh_uplinks(now);
  connections_.handle_timeout(now);
  drain(now);
  if (stop_state_ == StopState::stopping && now >= stop_by_) abort_all(now);
}

void TunnelService::handle_links_changed(Timestamp now) {
  refresh_timer_.on_change();
  if (now < refresh_timer_.next_timeout()) return;
  refresh_uplinks(now);
  drain(now);
}

void TunnelService::handle_name_answer(Timestamp now, const NameAnswer& answer) {
  // The uplinks learn what they have to reach before an attempt over one of them starts.
  if (connections_.handle_name_answer(now, answer)) refresh_uplinks(now);
  connections_.handle_new_addresses(now, answer.host);
  drain(now);
}

Timestamp TunnelService::next_timeout() const {
  return std::min({endpoint_.next_timeout(), connections_.next_timeout(), refresh_timer_.next_timeout(),
                   event_hold_.next_timeout(), next_tick_, stop_by_});
}

// --- output

// Polls everything until nothing is left: events, questions for names, messages, then datagrams, for which
// the endpoint takes packets from the tunnel's queues. Every command and handle_* function ends here.
void TunnelService::drain(Timestamp now) {
  handle_events(now);  // before messages: an event announces the association that they come from
  do {
    tunnel_.deliver();
    transmit(now);
  } while (handle_events(now));
  // Initiators whose handshake is not complete are in the endpoint, but not in the tunnel: nothing waits for
  // them.
  if (stop_state_ != StopState::stopping || !tunnel_.associations().empty()) return;
  if (restart_notifier_) restart_notifier_->clear();
  finish(now);
}

// Returns whether there was an event, so that there may be more to send. Names are asked for here and nowhere
// else.
bool TunnelService::handle_events(Timestamp now) {
  bool any = false;
  while (const auto event = endpoint_.poll_event()) {
    any = true;
    handle_event(now, *event);
  }
  for (const NameQuestion& question : connections_.poll_questions(now)) platform_.resolve(question);
  return any;
}

// Gives an event to its listeners; log and hooks get those that EventHold passes on. The order matters:
// 1. The log comes first, as the tunnel forgets an association that ends.
// 2. The tunnel decides whether the association carries a peer's tunnel; the listeners below depend on that.
// 3. Hooks come before the peer connections, which may add and remove paths.
// 4. The warning comes after the tunnel, which rejects an association by aborting it.
// 5. The peer connections take over an association that is up.
// 6. Policies come last: they apply to the paths that there are then.
void TunnelService::handle_event(Timestamp now, const sctp::Event& event) {
  event_hold_.handle_event(now, event);
  for (const sctp::Event& each : event_hold_.ready()) event_log_.handle_event(now, each);
  tunnel_.handle_event(now, event);
  for (const sctp::Event& each : event_hold_.ready()) hook_publisher_.handle_event(each);
  event_log_.handle_rejection(now, event);
  connections_.handle_event(now, event);
  policies_.handle_event(event);
  if (restart_notifier_) restart_notifier_->handle_event();
}

void TunnelService::report_lasting_events(Timestamp now) {
  event_hold_.handle_timeout(now);
  for (const sctp::Event& each : event_hold_.ready()) {
    event_log_.handle_event(now, each);
    hook_publisher_.handle_event(each);
  }
}

void TunnelService::transmit(Timestamp now) {
  batch_.clear();
  while (endpoint_.poll_transmit(now, batch_)) {
    // Datagrams of a socket that was just closed are lost, as datagrams in the network may be.
    if (io::DatagramSocket* socket = sockets_.find_sender(batch_.route.socket)) socket->send(batch_);
    batch_.clear();
  }
}

std::vector<int> TunnelService::uplink_interfaces() const {
  std::vector<int> out;
  for (std::size_t i = 0; i < uplinks_.count(); ++i) {
    if (uplinks_.at(i).index != 0) out.push_back(uplinks_.at(i).index);
  }
  return out;
}

control::Status TunnelService::status(Timestamp now) const {
  control::Status out = status::report({config_, public_key_, started_, device_, endpoint_, tunnel_, sockets_,
                                        uplinks_, policies_, quotas_, connections_, rates_},
                                       now);
  out.brief_outages = event_hold_.brief_outages();
  return out;
}

// --- time

void TunnelService::tick(Timestamp now) {
  next_tick_ = now + kTick;
  for (const sctp::AssociationId id : tunnel_.associations()) {
    if (const auto status = endpoint_.status(id)) rates_.sample(now, *status);
  }
  rates_.prune(now);
  event_log_.report_suppressed(now);
  send_restart_notices(now);
  if (restart_notifier_) restart_notifier_->note_locations(now);
  connections_.save_addresses(now, false);
  quotas_.update(now);
  connections_.close_unused_sockets();  // after their bytes were counted
}

void TunnelService::refresh_uplinks(Timestamp now) {
  quotas_.update(now);  // before a socket is closed
  refresh_timer_.on_refresh(now);
  connections_.handle_uplink_changes(now, uplinks_.refresh(now));
}

// Each notice is sent before the next one: the endpoint's queue for them is short.
void TunnelService::send_restart_notices(Timestamp now) {
  if (!restart_notifier_) return;
  for (const Route& route : restart_notifier_->poll_routes()) {
    endpoint_.send_restart_notice(route);
    transmit(now);
  }
}

// --- the end

void TunnelService::stop(Timestamp now) {
  if (stop_state_ != StopState::running) return abort_all(now);
  stop_state_ = StopState::stopping;
  stop_by_ = now + kStopTime;
  refresh_timer_.stop();
  connections_.stop(now);  // aborts the attempts
  for (const sctp::AssociationId id : tunnel_.associations()) {
    if (peering::is_up(tunnel_, id)) endpoint_.shutdown(now, id);
  }
  drain(now);
}

void TunnelService::abort_all(Timestamp now) {
  for (const sctp::AssociationId id : tunnel_.associations()) endpoint_.abort(now, id, "stopped");
  if (stop_state_ != StopState::stopped) finish(now);
  drain(now);
  stop_by_ = kNever;
}

void TunnelService::finish(Timestamp now) {
  stop_state_ = StopState::stopped;
  connections_.save_addresses(now, true);
  quotas_.finish(now);
}

}  // namespace hawser::daemon
