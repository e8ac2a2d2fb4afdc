#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/status/path_reason.hpp"
#include "daemon/tunnel_service.hpp"
#include "daemon/version.hpp"

namespace hawser::daemon {
namespace {

double milliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

control::Counters counters_of(const sctp::PathCounters& c) {
  return {{"datagrams_sent", c.datagrams_sent},
          {"datagrams_received", c.datagrams_received},
          {"bytes_sent", c.bytes_sent},
          {"bytes_received", c.bytes_received},
          {"data_chunks_sent", c.data_chunks_sent},
          {"data_chunks_retransmitted", c.data_chunks_retransmitted},
          {"data_chunks_lost", c.data_chunks_lost},
          {"fast_recoveries", c.fast_recoveries},
          {"timeouts", c.timeouts},
          {"heartbeats_sent", c.heartbeats_sent},
          {"heartbeat_acks_received", c.heartbeat_acks_received},
          {"mtu_probes_sent", c.mtu_probes_sent},
          {"mtu_probes_lost", c.mtu_probes_lost},
          {"mtu_black_holes", c.mtu_black_holes}};
}

control::Counters counters_of(const io::SocketCounters& c) {
  return {{"rx_datagrams", c.rx_datagrams},
          {"rx_bytes", c.rx_bytes},
          {"rx_messages", c.rx_messages},
          {"rx_truncated", c.rx_truncated},
          {"rx_dropped_full", c.rx_dropped_full},
          {"rx_errors", c.rx_errors},
          {"tx_datagrams", c.tx_datagrams},
          {"tx_bytes", c.tx_bytes},
          {"tx_messages", c.tx_messages},
          {"tx_dropped_full", c.tx_dropped_full},
          {"tx_too_big", c.tx_too_big},
          {"tx_unreachable", c.tx_unreachable},
          {"tx_errors", c.tx_errors},
          {"gso_fallbacks", c.gso_fallbacks}};
}

control::Counters counters_of(const io::DeviceCounters& c) {
  return {{"rx_packets", c.rx_packets},           {"rx_bytes", c.rx_bytes},
          {"rx_truncated", c.rx_truncated},       {"rx_errors", c.rx_errors},
          {"tx_packets", c.tx_packets},           {"tx_bytes", c.tx_bytes},
          {"tx_dropped_full", c.tx_dropped_full}, {"tx_refused", c.tx_refused}};
}

control::Counters counters_of(const tunnel::PeerCounters& c) {
  return {{"tx_packets", c.tx_packets}, {"tx_bytes", c.tx_bytes},      {"rx_packets", c.rx_packets},
          {"rx_bytes", c.rx_bytes},     {"dropped", c.dropped},        {"associations", c.associations},
          {"replaced", c.replaced},     {"mss_clamped", c.mss_clamped}};
}

/// One entry for each reason, zeros too: a graph wants to see them from the start.
template <class Reason, class Drops>
control::Counters drops_of(const Drops& drops, std::size_t count) {
  control::Counters out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto reason = static_cast<Reason>(i);
    out[std::string(to_string(reason))] = drops.of(reason);
  }
  return out;
}

template <class T>
std::vector<std::string> texts(const std::vector<T>& values) {
  std::vector<std::string> out;
  out.reserve(values.size());
  for (const T& value : values) out.push_back(value.to_string());
  return out;
}

std::string date_text(const std::optional<quota::WallTime>& time) {
  if (!time) return "";
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(*time)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

double mbps(std::uint64_t bits_per_second) {
  return static_cast<double>(bits_per_second) / 1e6;
}

double seconds_between(Timestamp then, Timestamp now) {
  return std::chrono::duration<double>(now - then).count();
}

control::Security security_of(const sctp::SecurityStatus& from, Timestamp now) {
  control::Security out;
  out.cipher = crypto::name(from.cipher);
  out.epoch = from.epoch;
  out.keys_age_s = seconds_between(from.keys_since, now);
  out.last_handshake_age_s = seconds_between(from.last_handshake, now);
  out.handshakes = from.handshakes;
  return out;
}

}  // namespace

control::Status TunnelService::status(Timestamp now) const {
  control::Status status;
  status.version = kVersion;
  status.pid = static_cast<std::uint32_t>(getpid());
  status.uptime_s = seconds_between(started_, now);
  status.public_key = public_key_.to_base64();
  status.interface = {device_.name(), texts(config_.interface.addresses), device_.mtu(),
                      counters_of(device_.counters())};
  status.listen = texts(config_.interface.listen);
  describe_sockets(status);
  describe_peers(status);
  describe_associations(now, status);
  status.drops.engine = drops_of<sctp::DropReason>(endpoint_.drops(), sctp::kDropReasons);
  status.drops.tunnel = drops_of<tunnel::Drop>(tunnel_.drops(), tunnel::kDrops);
  return status;
}

void TunnelService::describe_sockets(control::Status& status) const {
  for (std::size_t i = 0; i < uplinks_.count(); ++i) {
    if (!uplinks_.at(i).vacant()) status.uplinks.push_back(describe_uplink(uplinks_.at(i)));
  }
  for (const uplinks::Sockets::Entry& entry : sockets_.entries()) {
    if (!entry.socket) continue;
    status.sockets.push_back({entry.socket->id().value(), entry.label, entry.interface,
                              entry.socket->local_address().to_string(),
                              counters_of(entry.socket->counters())});
  }
}

control::Uplink TunnelService::describe_uplink(const uplinks::Uplinks::Uplink& uplink) const {
  const uplinks::PathPolicy policy = policies_.of(uplink.config);
  control::Uplink out;
  out.label = uplink.config.label;
  out.interface = uplink.interface.empty() ? uplink.config.interface : uplink.interface;
  out.role = to_string(policy.role);
  out.usable = uplink.reason.empty();
  out.reason = uplink.reason;
  out.max_upload_mbps = mbps(policy.caps.upload_bps);
  out.max_download_mbps = mbps(policy.caps.download_bps);
  if (const quota::Quota* quota = quotas_.find(out.label))
    out.quota = control::Quota{quota->used(), quota->limit(), quota->over(), date_text(quota->reset())};
  return out;
}

void TunnelService::describe_peers(control::Status& status) const {
  for (std::size_t i = 0; i < config_.peers.size(); ++i) {
    const tunnel::PeerView view = tunnel_.peer(static_cast<tunnel::PeerIndex>(i));
    control::Peer peer;
    peer.name = config_.peers[i].name;
    peer.public_key = config_.peers[i].public_key->to_base64();
    peer.state = view.association ? "up" : "down";
    for (const auto& connection : connections_) {
      if (connection->peer() == i && !view.association) peer.state = connection->state();
    }
    peer.endpoint = texts(config_.peers[i].endpoint);
    peer.allowed_ips = texts(config_.peers[i].allowed_ips);
    if (view.association) peer.association = view.association->value();
    peer.mtu = view.mtu;
    peer.queue_bytes = view.queue_bytes;
    peer.queue_packets = view.queue_packets;
    peer.queue_limit = config_.interface.queue_bytes;
    peer.counters = counters_of(view.counters);
    status.peers.push_back(std::move(peer));
  }
}

void TunnelService::describe_associations(Timestamp now, control::Status& status) const {
  for (const sctp::AssociationId id : tunnel_.associations()) {
    const auto from = endpoint_.status(id);
    if (!from) continue;
    control::Association out;
    out.id = id.value();
    out.state = to_string(from->state);
    if (const auto peer = tunnel_.peer_of(id)) out.peer = config_.peers[*peer].name;
    out.outbound_streams = from->outbound_streams;
    out.inbound_streams = from->inbound_streams;
    out.nr_sack = from->nr_sack;
    out.dynamic_addresses = from->dynamic_addresses;
    out.peer_window = from->peer_window;
    out.queued_bytes = from->queued_bytes;
    out.outstanding_bytes = from->outstanding_bytes;
    out.receive_buffered = from->receive_buffered;
    out.messages_sent = from->messages_sent;
    out.messages_received = from->messages_received;
    out.duplicate_tsns_received = from->duplicate_tsns_received;
    if (from->protection) out.protection = security_of(*from->protection, now);
    for (const sctp::PathStatus& path : from->paths) out.paths.push_back(describe_path(now, id, path));
    describe_missing(now, id, out);
    status.associations.push_back(std::move(out));
  }
}

/// The uplinks that the association has no path over, on the end that adds them.
void TunnelService::describe_missing(Timestamp now, sctp::AssociationId id, control::Association& out) const {
  for (const auto& connection : connections_) {
    if (connection->association() != id) continue;
    for (const peering::PeerConnection::Missing& missing : connection->missing()) {
      const uplinks::Uplinks::Uplink& uplink = uplinks_.at(missing.uplink);
      if (uplink.vacant()) continue;
      out.missing.push_back({uplink.config.label,
                             uplink.interface.empty() ? uplink.config.interface : uplink.interface,
                             uplink.reason.empty() ? "refused or lost, to be added again" : uplink.reason,
                             std::max(0.0, seconds_between(now, missing.next_try))});
    }
  }
}

control::Path TunnelService::describe_path(Timestamp now, sctp::AssociationId id,
                                           const sctp::PathStatus& path) const {
  control::Path out;
  out.id = path.id.value();
  const uplinks::Uplinks::Exit place = uplinks_.exit_of(path.route);
  out.label = place.label;
  out.interface = place.interface;
  out.local = place.local.to_string();
  out.remote = path.route.remote.to_string();
  out.state = to_string(path.state);
  out.primary = path.primary;
  out.rtt_ms = milliseconds(path.srtt);
  out.rttvar_ms = milliseconds(path.rttvar);
  out.rto_ms = milliseconds(path.rto);
  out.cwnd = path.cwnd;
  out.ssthresh = path.ssthresh;
  out.flight = path.flight;
  out.mtu = path.mtu;
  const status::PathRates rates = rates_.rates(id, path.id);
  out.tx_mbps = rates.tx_mbps;
  out.rx_mbps = rates.rx_mbps;
  out.loss_percent = rates.loss_percent;
  out.error_count = path.error_count;
  out.role = to_string(path.role);
  out.cap_mbps = mbps(path.cap_bps);
  const auto uplink = uplinks_.uplink_of(path.route.socket);
  const bool over_quota = uplink && policies_.is_over_quota(uplinks_.at(*uplink).config.label);
  out.reason = status::idle_reason_text(path, now, out.tx_mbps, over_quota);
  if (!place.failing.empty())
    out.reason = path.state == sctp::PathState::active ? place.failing : place.failing + ": " + out.reason;
  out.counters = counters_of(path.counters);
  return out;
}

}  // namespace hawser::daemon
