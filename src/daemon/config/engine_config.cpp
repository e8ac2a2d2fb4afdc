#include "daemon/config/engine_config.hpp"

#include <chrono>

#include "tunnel/fq_codel.hpp"

namespace hawser::daemon::config {
namespace {

tunnel::PeerConfig tunnel_peer(const PeerConfig& peer) {
  return {*peer.public_key, peer.allowed_ips, !peer.endpoint.empty()};
}

}  // namespace

sctp::EndpointConfig endpoint_config(const Config& config) {
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  using std::chrono::seconds;
  sctp::EndpointConfig out;
  out.port = 9899;
  out.accept = !config.interface.listen.empty();
  // One for each number of a flow, and stream 0; each takes a few bytes, once it is used.
  out.outbound_streams = out.inbound_streams = 1 + tunnel::FqCodel::kFlows;
  // Covers a repair over a path with a round trip of 260 ms: 1.5 round trips, and a quarter more. Longer
  // holes show as losses in the inner flow, whose sender would soon assume them anyway (its RTO).
  out.order_hold = milliseconds(500);
  out.receive_window = 4U << 20;
  out.receive_window_max = static_cast<std::uint32_t>(config.interface.buffer_bytes);
  out.send_buffer = 4U << 20;
  out.send_buffer_max = config.interface.buffer_bytes;
  out.max_message_size = 64U << 10;
  out.path_mtu = 1500;
  out.ecn = config.interface.ecn;
  out.rto_initial = milliseconds(500);  // an INIT to a hub that returns is repeated soon
  out.rto_min = milliseconds(150);
  out.rto_max = seconds(5);
  out.sack_delay = milliseconds(20);
  out.heartbeat_interval = seconds(20);
  out.keepalive_min = seconds(10);
  out.keepalive_max = seconds(60);
  out.failed_path_probe_max = milliseconds(400);
  // An attempt waits 7.75 s for its first answer, as a full queue or a satellite may take 6 s. Attempts over
  // other uplinks run at the same time, and none leaves a pause in which a hub that returns is not noticed.
  out.max_init_retrans = 6;
  out.init_rto_max = milliseconds(1250);
  out.max_cookie_retrans = 1;  // a hub that restarts meanwhile no longer knows the cookie
  // Silence ends an association, not the number of unanswered probes: a tunnel outlives long outages.
  out.association_max_retrans = 1'000'000;
  out.silence_limit = minutes(15);
  out.max_associations = 4096;
  out.scheduling = config.interface.scheduler;
  out.congestion = config.interface.congestion;
  out.listed_addresses = false;  // behind a NAT, local addresses mean nothing to the peer
  return out;
}

tunnel::TunnelConfig tunnel_config(const Config& config, std::uint64_t hash_seed) {
  tunnel::TunnelConfig out;
  out.queue_bytes = config.interface.queue_bytes;
  out.hash_seed = hash_seed;
  out.follow_paths = !config.interface.mtu;
  out.mss_clamp = config.interface.mss_clamp;
  out.copy_dscp = config.interface.copy_dscp;
  for (const PeerConfig& peer : config.peers) out.peers.push_back(tunnel_peer(peer));
  return out;
}

std::vector<std::optional<tunnel::PeerConfig>> tunnel_peers(const std::vector<PeerConfig>& peers) {
  std::vector<std::optional<tunnel::PeerConfig>> out;
  out.reserve(peers.size());
  for (const PeerConfig& peer : peers)
    out.push_back(peer.vacant() ? std::nullopt : std::optional(tunnel_peer(peer)));
  return out;
}

}  // namespace hawser::daemon::config
