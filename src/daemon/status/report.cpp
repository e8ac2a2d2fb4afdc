#include "daemon/status/report.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/status/path_reason.hpp"
#include "daemon/version.hpp"

namespace hawser::daemon::status {
namespace {

// --- values

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
          {"data_chunks_copied", c.data_chunks_copied},
          {"data_chunks_lost", c.data_chunks_lost},
          {"fast_recoveries", c.fast_recoveries},
          {"timeouts", c.timeouts},
          {"heartbeats_sent", c.heartbeats_sent},
          {"heartbeat_acks_received", c.heartbeat_acks_received},
          {"mtu_probes_sent", c.mtu_probes_sent},
          {"mtu_probes_lost", c.mtu_probes_lost},
          {"mtu_black_holes", c.mtu_black_holes},
          {"ect_sent", c.ect_sent},
          {"ecn_marks_reported", c.ecn_marks_reported},
          {"ecn_marks_received", c.ecn_marks_received}};
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
  return {{"tx_packets", c.tx_packets},     {"tx_bytes", c.tx_bytes},
          {"tx_realtime", c.tx_realtime},   {"rx_packets", c.rx_packets},
          {"rx_bytes", c.rx_bytes},         {"dropped", c.dropped},
          {"queue_delay", c.queue_delay},   {"queue_overflow", c.queue_overflow},
          {"queue_age", c.queue_age},       {"ecn_marked", c.ecn_marked},
          {"associations", c.associations}, {"replaced", c.replaced},
          {"mss_clamped", c.mss_clamped}};
}

// One entry for each reason, zeros too, so that a graph has them from the start.
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

std::string interface_of(const uplinks::Uplinks::Uplink& uplink) {
  return uplink.interface.empty() ? uplink.config.interface : uplink.interface;
}

// --- uplinks and sockets

control::Uplink describe_uplink(const Sources& from, const uplinks::Uplinks::Uplink& uplink) {
  const uplinks::PathPolicy policy = from.policies.of(uplink.config);
  control::Uplink out;
  out.label = uplink.config.label;
  out.interface = interface_of(uplink);
  out.role = to_string(policy.role);
  out.congestion = to_string(policy.congestion);
  out.weight = policy.weight;
  out.usable = uplink.reason.empty();
  out.reason = uplink.reason;
  out.warning = uplink.warning;
  out.max_upload_mbps = mbps(policy.caps.upload_bps);
  out.max_download_mbps = mbps(policy.caps.download_bps);
  if (const quota::Quota* quota = from.quotas.find(out.label))
    out.quota = control::Quota{quota->used(), quota->limit(), quota->over(), date_text(quota->reset())};
  return out;
}

std::vector<control::Uplink> describe_uplinks(const Sources& from) {
  std::vector<control::Uplink> out;
  for (std::size_t i = 0; i < from.uplinks.count(); ++i) {
    if (!from.uplinks.at(i).vacant()) out.push_back(describe_uplink(from, from.uplinks.at(i)));
  }
  return out;
}

std::vector<control::Socket> describe_sockets(const Sources& from) {
  std::vector<control::Socket> out;
  for (const uplinks::Sockets::Entry& entry : from.sockets.entries()) {
    if (!entry.socket) continue;
    out.push_back({entry.socket->id().value(), entry.label, entry.interface,
                   entry.socket->local_address().to_string(), counters_of(entry.socket->counters())});
  }
  return out;
}

// --- peers

// Without any address that could be called, the peer waits for its names once they have failed.
std::string peer_state(const Sources& from, tunnel::PeerIndex index, const tunnel::PeerView& view) {
  if (view.association) return "up";
  const peering::PeerConnection* connection = from.connections.find(index);
  if (connection == nullptr) return "down";
  const std::string_view state = connection->state();
  return state == "resolving" && !from.connections.reason(index).empty() ? "waiting" : std::string(state);
}

// "no path since 283 s"; empty: a path is active, or all are still to be validated.
std::string silence(const sctp::AssociationStatus& association, Timestamp now) {
  Timestamp since = Timestamp::min();
  for (const sctp::PathStatus& path : association.paths) {
    if (path.state == sctp::PathState::active) return "";
    if (path.failed_since != kNever) since = std::max(since, path.failed_since);
  }
  if (since == Timestamp::min()) return "";
  return fmt::format("no path since {} s",
                     std::chrono::duration_cast<std::chrono::seconds>(now - since).count());
}

std::string peer_reason(const Sources& from, tunnel::PeerIndex index, const tunnel::PeerView& view,
                        Timestamp now) {
  std::string out;
  if (view.association) {
    const auto association = from.endpoint.status(*view.association);
    if (association) out = silence(*association, now);
    if (out.empty()) return out;
  }
  const std::string failure = from.connections.reason(index);
  return failure.empty() ? out : out.empty() ? failure : out + "; " + failure;
}

control::Peer describe_peer(const Sources& from, tunnel::PeerIndex index, Timestamp now) {
  const config::PeerConfig& config = from.config.peers[index];
  const tunnel::PeerView view = from.tunnel.peer(index);
  control::Peer out;
  out.name = config.name;
  out.public_key = config.public_key->to_base64();
  out.state = peer_state(from, index, view);
  out.reason = peer_reason(from, index, view, now);
  out.endpoint = texts(config.endpoint);
  out.allowed_ips = texts(config.allowed_ips);
  if (view.association) out.association = view.association->value();
  out.mtu = view.mtu;
  out.queue_bytes = view.queue_bytes;
  out.queue_packets = view.queue_packets;
  out.queue_limit = from.config.interface.queue_bytes;
  out.queue_wait_ms = milliseconds(view.queue_wait);
  out.realtime_wait_ms = milliseconds(view.realtime_wait);
  out.counters = counters_of(view.counters);
  return out;
}

std::vector<control::Peer> describe_peers(const Sources& from, Timestamp now) {
  std::vector<control::Peer> out;
  for (std::size_t i = 0; i < from.config.peers.size(); ++i) {
    if (from.config.peers[i].vacant()) continue;
    out.push_back(describe_peer(from, static_cast<tunnel::PeerIndex>(i), now));
  }
  return out;
}

// --- associations and paths

control::Security describe_security(const sctp::SecurityStatus& security, Timestamp now) {
  control::Security out;
  out.cipher = crypto::name(security.cipher);
  out.epoch = security.epoch;
  out.keys_age_s = seconds_between(security.keys_since, now);
  out.last_handshake_age_s = seconds_between(security.last_handshake, now);
  out.handshakes = security.handshakes;
  return out;
}

// "; no answer from any port: …"; empty: another port was not tried, or is still being tried.
std::string silence_of_ports(const Sources& from, sctp::AssociationId id, const sctp::PathStatus& path) {
  const peering::PeerConnection* connection = from.connections.find(id);
  const bool silent = connection != nullptr && connection->no_port_answers(path.id);
  if (!silent || path.state == sctp::PathState::active) return "";
  return fmt::format("; no answer from any port: {}", peering::kNoPortAnswers);
}

std::string path_reason(const Sources& from, Timestamp now, const sctp::PathStatus& path, double tx_mbps,
                        const std::string& failing) {
  const auto uplink = from.uplinks.uplink_of(path.route.socket);
  const bool over_quota = uplink && from.policies.is_over_quota(from.uplinks.at(*uplink).config.label);
  const std::string idle = idle_reason_text(path, now, tx_mbps, over_quota);
  if (failing.empty()) return idle;
  return path.state == sctp::PathState::active ? failing : failing + ": " + idle;
}

control::Path describe_path(const Sources& from, Timestamp now, sctp::AssociationId id,
                            const sctp::PathStatus& path) {
  control::Path out;
  out.id = path.id.value();
  const uplinks::Uplinks::Exit exit = from.uplinks.exit_of(path.route);
  out.label = exit.label;
  out.interface = exit.interface;
  out.local = exit.local.to_string();
  out.remote = path.route.remote.to_string();
  out.state = to_string(path.state);
  out.primary = path.primary;
  out.rtt_ms = milliseconds(path.srtt);
  out.rttvar_ms = milliseconds(path.rttvar);
  out.rto_ms = milliseconds(path.rto);
  out.congestion = to_string(path.congestion);
  out.cwnd = path.cwnd;
  out.ssthresh = path.ssthresh;
  out.flight = path.flight;
  out.ecn = to_string(path.ecn);
  out.mtu = path.mtu;
  const PathRates rates = from.rates.rates(id, path.id);
  out.tx_mbps = rates.tx_mbps;
  out.rx_mbps = rates.rx_mbps;
  out.loss_percent = rates.loss_percent;
  out.error_count = path.error_count;
  out.role = to_string(path.role);
  out.cap_mbps = mbps(path.cap_bps);
  out.reason = path_reason(from, now, path, out.tx_mbps, exit.failing) + silence_of_ports(from, id, path);
  out.counters = counters_of(path.counters);
  return out;
}

// The uplinks over which the association has no path; only an edge has any.
std::vector<control::MissingPath> describe_missing(const Sources& from, Timestamp now,
                                                   sctp::AssociationId id) {
  std::vector<control::MissingPath> out;
  const peering::PeerConnection* connection = from.connections.find(id);
  if (connection == nullptr) return out;
  for (const peering::PeerConnection::Missing& missing : connection->missing()) {
    const uplinks::Uplinks::Uplink& uplink = from.uplinks.at(missing.uplink);
    if (uplink.vacant()) continue;
    const bool usable = uplink.reason.empty();
    out.push_back({uplink.config.label, interface_of(uplink),
                   usable ? "refused or lost, to be added again" : uplink.reason,
                   usable ? std::max(0.0, seconds_between(now, missing.next_try)) : 0});
  }
  return out;
}

control::Association describe_association(const Sources& from, Timestamp now,
                                          const sctp::AssociationStatus& association) {
  control::Association out;
  out.id = association.id.value();
  out.state = to_string(association.state);
  if (const auto peer = from.tunnel.peer_of(association.id)) out.peer = from.config.peers[*peer].name;
  out.outbound_streams = association.outbound_streams;
  out.inbound_streams = association.inbound_streams;
  out.nr_sack = association.nr_sack;
  out.dynamic_addresses = association.dynamic_addresses;
  out.peer_window = association.peer_window;
  out.queued_bytes = association.queued_bytes;
  out.outstanding_bytes = association.outstanding_bytes;
  out.receive_buffered = association.receive_buffered;
  out.messages_sent = association.messages_sent;
  out.messages_refused = association.messages_refused;
  out.messages_received = association.messages_received;
  out.duplicate_tsns_received = association.duplicate_tsns_received;
  out.partial_reliability = association.partial_reliability;
  out.messages_abandoned = association.messages_abandoned;
  out.abandoned_tsns_received = association.abandoned_tsns_received;
  out.order_hold_ms = milliseconds(association.order_hold);
  out.holes_skipped = association.holes_skipped;
  out.late_messages_received = association.late_messages_received;
  if (association.protection) out.protection = describe_security(*association.protection, now);
  for (const sctp::PathStatus& path : association.paths)
    out.paths.push_back(describe_path(from, now, association.id, path));
  out.missing = describe_missing(from, now, association.id);
  return out;
}

std::vector<control::Association> describe_associations(const Sources& from, Timestamp now) {
  std::vector<control::Association> out;
  for (const sctp::AssociationId id : from.tunnel.associations()) {
    if (const auto status = from.endpoint.status(id)) out.push_back(describe_association(from, now, *status));
  }
  return out;
}

}  // namespace

control::Status report(const Sources& from, Timestamp now) {
  control::Status out;
  out.version = kVersion;
  out.pid = static_cast<std::uint32_t>(getpid());
  out.uptime_s = seconds_between(from.started, now);
  out.public_key = from.public_key.to_base64();
  out.interface.name = from.device.name();
  out.interface.mtu = from.device.mtu();
  out.interface.counters = counters_of(from.device.counters());
  out.interface.scheduler = to_string(from.config.interface.scheduler);
  out.listen = texts(from.config.interface.listen);
  out.uplinks = describe_uplinks(from);
  out.sockets = describe_sockets(from);
  out.peers = describe_peers(from, now);
  out.associations = describe_associations(from, now);
  out.drops.engine = drops_of<sctp::DropReason>(from.endpoint.drops(), sctp::kDropReasons);
  out.drops.tunnel = drops_of<tunnel::Drop>(from.tunnel.drops(), tunnel::kDrops);
  return out;
}

}  // namespace hawser::daemon::status
