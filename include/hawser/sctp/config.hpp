#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

/// An endpoint-pair shared key (RFC 4895 §2.1). Key 0 with an empty secret always exists.
struct AuthKey {
  std::uint16_t id = 0;           ///< shared key identifier (RFC 4895 §4.1)
  std::vector<std::byte> secret;  ///< any length
};

/// Protocol parameters of an endpoint, which hold for all of its associations. Defaults are those of RFC 9260
/// §16 where it has the parameter.
struct EndpointConfig {
  /// SCTP port of this endpoint, in the SCTP common header; not the UDP port. 1..65535.
  std::uint16_t port = 9899;
  /// Whether INITs of peers are answered.
  bool accept = false;
  /// Associations at which INITs of further peers are dropped. Does not limit connect().
  std::size_t max_associations = 1024;

  /// Streams that this end would like to send on, 1..65535 (RFC 9260 §5.1.1).
  std::uint16_t outbound_streams = 64;
  /// Streams that this end permits the peer, 1..65535 (RFC 9260 §5.1.1).
  std::uint16_t inbound_streams = 64;

  /// Bytes of user data that the receiver holds at most, advertised as a_rwnd; at least 1,500 (RFC 9260
  /// §3.3.2).
  std::uint32_t receive_window = 4U << 20;
  /// Up to which the receive window grows with the rate that arrives and the round trips; at most
  /// receive_window: it does not grow.
  std::uint32_t receive_window_max = 0;
  /// Bytes of user messages, queued or unacknowledged, above which send() returns would_block.
  std::size_t send_buffer = 4U << 20;
  /// Up to which the send buffer grows with the congestion windows of the paths, to twice their sum, and
  /// shrinks again; at most send_buffer: it does not grow.
  std::size_t send_buffer_max = 0;
  /// Largest message that send() accepts, in bytes.
  std::size_t max_message_size = 16U << 20;
  /// Largest IP packet to send, in bytes with IP and UDP headers, 576..9000; rounded down to a multiple of
  /// four.
  std::uint16_t path_mtu = 1500;
  /// Whether each path discovers by probes how much of path_mtu it carries (RFC 8899). False: every path is
  /// assumed to carry all of it.
  bool path_mtu_discovery = true;

  /// RTO before the first round-trip measurement (RTO.Initial).
  Duration rto_initial = std::chrono::seconds(1);
  /// Lower bound of the RTO (RTO.Min).
  Duration rto_min = std::chrono::seconds(1);
  /// Upper bound of the RTO, with back-off (RTO.Max).
  Duration rto_max = std::chrono::seconds(60);
  /// Longest delay of a SACK (SACK.Delay), at most 500 ms (RFC 9260 §6.2).
  Duration sack_delay = std::chrono::milliseconds(200);
  /// Time between HEARTBEATs on an idle path, in addition to its RTO (HB.interval, RFC 9260 §8.3).
  Duration heartbeat_interval = std::chrono::seconds(30);
  /// Lower bound of the adaptive interval that keepalive_max describes.
  Duration keepalive_min{};
  /// Upper bound of an adaptive interval between keepalives. On an idle path that this end chose, the
  /// interval begins at heartbeat_interval, grows to keepalive_max while the NAT mapping survives, and
  /// shrinks to keepalive_min when it does not. On a path that the peer chose, it is keepalive_max. Zero:
  /// heartbeat_interval on every path.
  Duration keepalive_max{};
  /// Longest time between HEARTBEATs on a failed path, but at least its RTO before back-off: bounds how late
  /// the return of the path is noticed.
  Duration failed_path_probe_max = std::chrono::seconds(60);
  /// How long a State Cookie is valid (Valid.Cookie.Life, RFC 9260 §5.1.3).
  Duration cookie_lifetime = std::chrono::seconds(60);
  /// Consecutive errors, over all paths, that an association survives (Association.Max.Retrans, RFC 9260
  /// §8.1).
  unsigned association_max_retrans = 10;
  /// An association without an active path is lost after this time without a packet from the peer. Zero: only
  /// association_max_retrans ends it.
  Duration silence_limit{};
  /// Consecutive errors after which a path is inactive (Path.Max.Retrans, RFC 9260 §8.2).
  unsigned path_max_retrans = 5;
  /// Retransmissions of INIT (Max.Init.Retransmits, RFC 9260 §4).
  unsigned max_init_retrans = 8;
  /// Longest time between two INITs. Zero: rto_max.
  Duration init_rto_max{};
  /// Retransmissions of COOKIE ECHO (also Max.Init.Retransmits). Its timer begins at 3/2 of the time that the
  /// INIT ACK took, if that is longer than rto_initial.
  unsigned max_cookie_retrans = 8;
  /// Full-sized packets that pacing lets leave back to back on a slow path (Max.Burst, RFC 9260 §6.1 D).
  unsigned max_burst = 2;

  /// Offers NR-SACK (draft-tuexen-tsvwg-sctp-multipath); used only when the peer offers it too.
  bool nr_sack = true;
  /// Offers PR-SCTP (RFC 3758); used only when the peer offers it too. Without it, the limits of SendOptions
  /// have no effect.
  bool partial_reliability = true;
  /// Offers ASCONF (RFC 5061), in plain mode with AUTH (RFC 4895), which it requires; used only when the peer
  /// offers it too.
  bool dynamic_addresses = true;
  /// Concurrent multipath transfer: new data on all active paths. False: on the primary path only.
  bool multipath = true;
  /// How new data is divided among the paths; only with multipath.
  Scheduling scheduling = Scheduling::earliest;
  /// In protected mode: packets with DATA leave with ECT(0) on paths that carry the ECN field, and the
  /// windows react to marks (RFC 3168).
  bool ecn = true;
  /// Congestion control of each path, until Endpoint::set_path_congestion() chooses another one.
  CongestionControl congestion = CongestionControl::model;
  /// Most paths of an association, at least 1.
  std::size_t max_paths = 16;
  /// Whether the addresses that a peer lists in its INIT or INIT ACK become paths after path validation (RFC
  /// 9260 §5.1.2). A tunnel across NATs turns this off, because listed addresses mean nothing there.
  bool listed_addresses = true;

  /// Longest time that messages wait for an earlier one of their stream, in a protected association. Then
  /// they are delivered without it, and it is delivered when it arrives (ReceivedMessage::late). Within this
  /// limit the time adapts to how long such gaps last. Zero: messages wait as long as it takes, as RFC 9260
  /// §6.6 requires; so they always do in plain SCTP.
  Duration order_hold{};

  /// Shared keys for AUTH (RFC 4895 §2.1) in plain mode, in addition to key 0.
  std::vector<AuthKey> auth_keys;
  /// The shared key that authenticates sent chunks: 0, or the id of one of auth_keys.
  std::uint16_t auth_key_id = 0;

  /// Value of the Adaptation Layer Indication to send (RFC 5061 §4.2.6); nothing: none is sent.
  std::optional<std::uint32_t> adaptation_indication;
};

}  // namespace hawser::sctp
