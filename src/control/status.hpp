#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/described.hpp"

/// The reply to the request "status"; docs/control.md documents each field. The unit is the end of a field's
/// name (_ms, _s, _mbps for Mbit/s, _percent); sizes are in bytes.
namespace hawser::control {

/// Counters by name, e.g. "timeouts".
using Counters = std::map<std::string, std::uint64_t>;

/// A path of an association.
struct Path {
  std::uint32_t id = 0;           ///< unique within the association
  std::string label;              ///< the uplink's label; empty on a hub
  std::string interface;          ///< the uplink's interface; empty on a hub
  std::string local;              ///< local IP address; the wildcard: the kernel chooses
  std::string remote;             ///< IP address and UDP port of the peer, as this end sees them
  std::string state;              ///< joining, unconfirmed, active, potentially_failed, inactive
  bool primary = false;           ///< it is the primary path
  double rtt_ms = 0;              ///< smoothed round-trip time; 0: not measured yet
  double rttvar_ms = 0;           ///< variation of the round-trip time
  double rto_ms = 0;              ///< retransmission time-out
  std::string congestion;         ///< congestion control of what this end sends: bbr, cubic, newreno, coupled
  std::uint64_t cwnd = 0;         ///< congestion window
  std::uint64_t ssthresh = 0;     ///< slow-start threshold
  std::uint64_t flight = 0;       ///< user data outstanding on the path
  std::string ecn;                ///< off, testing, capable, lost, cleared, mangled
  std::uint64_t mtu = 0;          ///< largest UDP payload
  double tx_mbps = 0;             ///< UDP payload sent, over the last seconds
  double rx_mbps = 0;             ///< UDP payload received, over the last seconds
  double loss_percent = 0;        ///< loss of the DATA chunks sent here in the last ten seconds
  std::uint32_t error_count = 0;  ///< consecutive errors
  std::string role;     ///< always, secondary, backup, never: the less preferred of the two ends' roles
  std::string reason;   ///< in words: why the path carries no more data now
  double cap_mbps = 0;  ///< cap on sending, of whole IP packets; 0: no cap
  Counters counters;    ///< sctp::PathCounters by name
  HAWSER_DESCRIBED(Path, id, label, interface, local, remote, state, role, reason, cap_mbps, primary, rtt_ms,
                   rttvar_ms, rto_ms, congestion, cwnd, ssthresh, flight, ecn, mtu, tx_mbps, rx_mbps,
                   loss_percent, error_count, counters)
};

/// The keys of an association.
struct Security {
  std::string cipher;               ///< aes-128-gcm, chacha20-poly1305
  std::uint32_t epoch = 0;          ///< number of the keys that seal what is sent
  double keys_age_s = 0;            ///< time since these keys came into use
  double last_handshake_age_s = 0;  ///< time since the last handshake was complete
  std::uint64_t handshakes = 0;     ///< complete handshakes
  HAWSER_DESCRIBED(Security, cipher, epoch, keys_age_s, last_handshake_age_s, handshakes)
};

/// An uplink over which an association has no path.
struct MissingPath {
  std::string label;      ///< the uplink's label
  std::string interface;  ///< the uplink's interface
  std::string reason;     ///< in words
  double next_try_s = 0;  ///< time until the next attempt; 0 while the uplink cannot be used
  HAWSER_DESCRIBED(MissingPath, label, interface, reason, next_try_s)
};

/// An association; most fields are those of sctp::AssociationStatus.
struct Association {
  std::uint32_t id = 0;                       ///< unique within the daemon
  std::string state;                          ///< sctp::AssociationState by name
  std::string peer;                           ///< the peer's name
  std::uint32_t outbound_streams = 0;         ///< streams for sending
  std::uint32_t inbound_streams = 0;          ///< streams for receiving
  bool nr_sack = false;                       ///< both ends use NR-SACK
  bool dynamic_addresses = false;             ///< both ends use ASCONF
  std::uint64_t peer_window = 0;              ///< newest a_rwnd of the peer
  std::uint64_t queued_bytes = 0;             ///< user data accepted and not yet acknowledged
  std::uint64_t outstanding_bytes = 0;        ///< user data in flight
  std::uint64_t receive_buffered = 0;         ///< user data held for reassembly and ordering
  std::uint64_t messages_sent = 0;            ///< messages accepted for sending
  std::uint64_t messages_refused = 0;         ///< messages that broke a limit and were dropped
  std::uint64_t messages_received = 0;        ///< complete messages received
  std::uint64_t duplicate_tsns_received = 0;  ///< DATA chunks that had arrived before
  bool partial_reliability = false;           ///< both ends use PR-SCTP
  std::uint64_t messages_abandoned = 0;       ///< of messages_sent, given up by age
  std::uint64_t abandoned_tsns_received = 0;  ///< DATA chunks that the peer has given up
  double order_hold_ms = 0;                   ///< how long messages wait for an earlier one; 0: no limit
  std::uint64_t holes_skipped = 0;            ///< runs of messages that were no longer waited for
  std::uint64_t late_messages_received = 0;   ///< messages that arrived after that
  std::optional<Security> protection;         ///< the keys, once they exist
  std::vector<Path> paths;                    ///< the paths that exist
  std::vector<MissingPath> missing;           ///< the uplinks without a path
  HAWSER_DESCRIBED(Association, id, state, peer, outbound_streams, inbound_streams, nr_sack,
                   dynamic_addresses, peer_window, queued_bytes, outstanding_bytes, receive_buffered,
                   messages_sent, messages_refused, messages_received, duplicate_tsns_received,
                   partial_reliability, messages_abandoned, abandoned_tsns_received, order_hold_ms,
                   holes_skipped, late_messages_received, protection, paths, missing)
};

/// A peer of the tunnel.
struct Peer {
  std::string name;        ///< as configured
  std::string public_key;  ///< base64
  std::string state;       ///< up; on an edge also resolving, connecting, waiting, stopped; on a hub down
  std::string reason;  ///< why it is not up, or carries nothing, in words; empty: nothing is known to fail
  std::vector<std::string> endpoint;         ///< as configured; empty on a hub
  std::vector<std::string> allowed_ips;      ///< prefixes
  std::optional<std::uint32_t> association;  ///< id of its association, when up
  std::uint64_t mtu = 0;                     ///< largest inner packet to it; 0 unless up
  std::uint64_t queue_bytes = 0;             ///< bytes of inner packets that wait to be sent
  std::uint64_t queue_packets = 0;           ///< inner packets that wait to be sent
  std::uint64_t queue_limit = 0;             ///< limit of the queue
  double queue_wait_ms = 0;                  ///< how long packets wait, smoothed; 0: none waits
  double realtime_wait_ms = 0;               ///< how long real-time packets wait, smoothed; 0: none waits
  Counters counters;                         ///< tunnel::PeerCounters by name
  HAWSER_DESCRIBED(Peer, name, public_key, state, reason, endpoint, allowed_ips, association, mtu,
                   queue_bytes, queue_packets, queue_limit, queue_wait_ms, realtime_wait_ms, counters)
};

/// A UDP socket of the daemon.
struct Socket {
  std::uint32_t id = 0;   ///< unique within the daemon
  std::string label;      ///< the uplink's label; empty for a listening socket
  std::string interface;  ///< the interface that it is bound to; empty: none
  std::string local;      ///< IP address and UDP port
  Counters counters;      ///< io::SocketCounters by name
  HAWSER_DESCRIBED(Socket, id, label, interface, local, counters)
};

/// The monthly quota of an uplink: bytes of whole IP packets in both directions together.
struct Quota {
  std::uint64_t used = 0;   ///< bytes since the last reset
  std::uint64_t limit = 0;  ///< bytes per month
  bool over = false;        ///< the quota is used up
  std::string reset;        ///< date of the next reset, UTC; empty: unknown, because the clock is not set
  HAWSER_DESCRIBED(Quota, used, limit, over, reset)
};

/// An uplink of an edge.
struct Uplink {
  std::string label;             ///< as configured
  std::string interface;         ///< the interface in use; without one, as configured
  std::string role;              ///< the current role, with live changes and quota applied
  bool usable = false;           ///< up, with carrier, an address and a route to a peer
  std::string reason;            ///< why it cannot be used now; empty: it can
  double max_upload_mbps = 0;    ///< cap on sending; 0: no cap
  double max_download_mbps = 0;  ///< cap on receiving; 0: no cap
  std::optional<Quota> quota{};  ///< present if one is configured
  std::string warning{};         ///< why datagrams may be lost although it is usable; may be empty
  std::string congestion{};      ///< congestion control of what leaves here, with live changes applied
  std::uint32_t weight = 1;      ///< its part with the scheduler "weighted"
  HAWSER_DESCRIBED(Uplink, label, interface, role, usable, reason, warning, max_upload_mbps,
                   max_download_mbps, quota, congestion, weight)
};

/// An address, route or rule that the TUN interface should have, and has not.
struct MissingPiece {
  std::string piece;   ///< e.g. "route 10.0.0.0/8 metric 9899"
  std::string reason;  ///< why
  HAWSER_DESCRIBED(MissingPiece, piece, reason)
};

/// The TUN interface.
struct Interface {
  std::string name;                   ///< e.g. "hawser0"
  std::vector<std::string> address;   ///< addresses with prefix length that it has
  std::uint64_t mtu = 0;              ///< largest inner packet
  Counters counters;                  ///< io::DeviceCounters by name
  bool up = false;                    ///< administratively up
  std::vector<std::string> routes{};  ///< routes over it that the main table has, as ip-route(8) prints them
  std::vector<MissingPiece> missing{};   ///< what another program removed or holds
  std::vector<std::string> conflicts{};  ///< networks that other interfaces or routes claim, too; sentences
  std::uint32_t kill_switch_table = 0;   ///< number of the table of the kill switch; 0: off
  std::string scheduler{};  ///< how what leaves here is divided: earliest, weighted, redundant, redundant-all
  HAWSER_DESCRIBED(Interface, name, address, mtu, counters, up, routes, missing, conflicts, kill_switch_table,
                   scheduler)
};

/// Drops of the daemon for every reason, zeros included.
struct Drops {
  Counters engine;  ///< received packets and chunks, by reason
  Counters tunnel;  ///< IP packets and messages, by reason
  HAWSER_DESCRIBED(Drops, engine, tunnel)
};

/// The status of one daemon.
struct Status {
  std::string version;                    ///< of hawserd
  std::uint32_t pid = 0;                  ///< process id of hawserd
  double uptime_s = 0;                    ///< time since its start
  std::string public_key;                 ///< of this end, base64
  Interface interface;                    ///< the tunnel's interface
  std::vector<std::string> listen;        ///< IP addresses and UDP ports of a hub; empty on an edge
  std::vector<Uplink> uplinks;            ///< empty on a hub
  std::vector<Socket> sockets;            ///< the open UDP sockets
  std::vector<Peer> peers;                ///< all configured peers
  std::vector<Association> associations;  ///< of all peers, including those that are not up yet
  Drops drops;                            ///< of the engine and of the tunnel
  std::uint64_t brief_outages = 0;  ///< of paths, up to half a second: neither logged nor given to hooks
  Counters hooks;                   ///< empty without [hooks]
  HAWSER_DESCRIBED(Status, version, pid, uptime_s, public_key, interface, listen, uplinks, sockets, peers,
                   associations, drops, brief_outages, hooks)
};

}  // namespace hawser::control
