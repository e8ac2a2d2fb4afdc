#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/time.hpp"

namespace hawser::sctp {

/// An endpoint-pair shared key (RFC 4895 §2.1). Key 0 with an empty secret always exists.
struct AuthKey {
  std::uint16_t id = 0;
  std::vector<std::byte> secret;
};

/// Protocol parameters, RFC 9260 §16, with the RFC's values as defaults. They hold for all associations of an
/// endpoint.
struct EndpointConfig {
  /// SCTP port of this endpoint (the port inside the SCTP common header, not the UDP port). 1..65535.
  std::uint16_t port = 9899;
  /// Whether INITs from others are answered.
  bool accept = false;
  std::size_t max_associations = 1024;

  /// Streams asked for in each direction, 1..65535 (RFC 9260 §5.1.1).
  std::uint16_t outbound_streams = 64;
  std::uint16_t inbound_streams = 64;

  /// Bytes of user data the receiver is ready to hold (advertised as a_rwnd). At least 1,500 (RFC 9260
  /// §3.3.2).
  std::uint32_t receive_window = 4U << 20;
  /// Bytes of user messages queued or unacknowledged before send() says would_block.
  std::size_t send_buffer = 4U << 20;
  /// Largest message send() takes, bytes.
  std::size_t max_message_size = 16U << 20;
  /// Largest IP packet to send, in bytes, 576..9000; rounded down to a multiple of four. UDP and IP headers
  /// come off it.
  std::uint16_t path_mtu = 1500;
  /// Whether each path finds out by probes how much of path_mtu it carries (RFC 8899). Off: every path is
  /// taken to carry it.
  bool path_mtu_discovery = true;

  Duration rto_initial = std::chrono::seconds(1);
  Duration rto_min = std::chrono::seconds(1);
  Duration rto_max = std::chrono::seconds(60);
  /// Longest delay of a SACK, at most 500 ms (RFC 9260 §6.2).
  Duration sack_delay = std::chrono::milliseconds(200);
  Duration heartbeat_interval = std::chrono::seconds(30);
  /// On an idle path that this end chose, the interval begins at heartbeat_interval, grows to keepalive_max
  /// while the NAT's mapping outlives it, and falls to keepalive_min where it does not; on one that the peer
  /// chose, it is keepalive_max. Zero maximum: heartbeat_interval everywhere.
  Duration keepalive_min{};
  Duration keepalive_max{};
  /// Longest pause between HEARTBEATs on a path that failed (but never less than its RTO before back-off):
  /// how soon its return is noticed.
  Duration failed_path_probe_max = std::chrono::seconds(60);
  Duration cookie_lifetime = std::chrono::seconds(60);
  unsigned association_max_retrans = 10;
  /// An association none of whose paths works is lost after this long without any packet of the peer; zero:
  /// only association_max_retrans ends it.
  Duration silence_limit{};
  unsigned path_max_retrans = 5;
  unsigned max_init_retrans = 8;
  /// Packets a sender may emit at once on a path after its window opens (Max.Burst).
  unsigned max_burst = 4;

  /// Extensions offered; each is used only when the peer offers it too.
  bool nr_sack = true;
  /// ASCONF (RFC 5061), with AUTH (RFC 4895) which it needs.
  bool dynamic_addresses = true;
  /// Concurrent multipath transfer: new data on all active paths instead of the primary only.
  bool multipath = true;
  std::size_t max_paths = 16;
  /// Whether the addresses that a peer lists in its INIT or INIT ACK become paths once they answer (RFC 9260
  /// §5.1.2). A tunnel across NATs leaves it off: there, listed addresses mean nothing.
  bool listed_addresses = true;

  std::vector<AuthKey> auth_keys;
  std::uint16_t auth_key_id = 0;

  /// Value of the Adaptation Layer Indication (RFC 5061 §4.2.6), when one is to be sent.
  std::optional<std::uint32_t> adaptation_indication;
};

}  // namespace hawser::sctp
