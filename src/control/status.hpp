#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/described.hpp"

/// What `hawser status` shows: the answer to the request "status". Documented, field by field, in
/// docs/control.md. Rates are in Mbit/s, times in milliseconds unless the name says otherwise, sizes in
/// bytes.
namespace hawser::control {

/// Counters by name.
using Counters = std::map<std::string, std::uint64_t>;

struct Path {
  std::uint32_t id = 0;
  std::string label;      ///< of the uplink; empty on a hub
  std::string interface;  ///< of the uplink; empty on a hub
  std::string local;      ///< IP address; the wildcard leaves the choice to the kernel
  std::string remote;     ///< IP address and UDP port, as seen from here
  std::string state;      ///< joining, unconfirmed, active, potentially_failed, inactive
  bool primary = false;
  double rtt_ms = 0;  ///< smoothed; 0: not measured yet
  double rttvar_ms = 0;
  double rto_ms = 0;
  std::uint64_t cwnd = 0;
  std::uint64_t ssthresh = 0;
  std::uint64_t flight = 0;
  std::uint64_t mtu = 0;  ///< largest UDP payload
  double tx_mbps = 0;     ///< UDP payload, over the last seconds
  double rx_mbps = 0;
  double loss_percent = 0;  ///< of the DATA chunks sent here in the last ten seconds
  std::uint32_t error_count = 0;
  std::string role;     ///< always, secondary, backup, never: the more reluctant of both ends'
  std::string reason;   ///< in words: what limits or excludes it now
  double cap_mbps = 0;  ///< on what is sent, of whole IP packets; 0: none
  Counters counters;
  HAWSER_DESCRIBED(Path, id, label, interface, local, remote, state, role, reason, cap_mbps, primary, rtt_ms,
                   rttvar_ms, rto_ms, cwnd, ssthresh, flight, mtu, tx_mbps, rx_mbps, loss_percent,
                   error_count, counters)
};

/// The keys of an association.
struct Security {
  std::string cipher;               ///< aes-128-gcm, chacha20-poly1305
  std::uint32_t epoch = 0;          ///< of the keys that seal what is sent
  double keys_age_s = 0;            ///< since these keys came into use
  double last_handshake_age_s = 0;  ///< since the last handshake was complete
  std::uint64_t handshakes = 0;     ///< complete ones
  HAWSER_DESCRIBED(Security, cipher, epoch, keys_age_s, last_handshake_age_s, handshakes)
};

/// An uplink over which an association has no path.
struct MissingPath {
  std::string label;
  std::string interface;
  std::string reason;
  double next_try_s = 0;  ///< from now
  HAWSER_DESCRIBED(MissingPath, label, interface, reason, next_try_s)
};

struct Association {
  std::uint32_t id = 0;
  std::string state;
  std::string peer;  ///< its name
  std::uint32_t outbound_streams = 0;
  std::uint32_t inbound_streams = 0;
  bool nr_sack = false;
  bool dynamic_addresses = false;
  std::uint64_t peer_window = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t outstanding_bytes = 0;
  std::uint64_t receive_buffered = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t duplicate_tsns_received = 0;
  std::optional<Security> protection;  ///< once it is up
  std::vector<Path> paths;
  std::vector<MissingPath> missing;
  HAWSER_DESCRIBED(Association, id, state, peer, outbound_streams, inbound_streams, nr_sack,
                   dynamic_addresses, peer_window, queued_bytes, outstanding_bytes, receive_buffered,
                   messages_sent, messages_received, duplicate_tsns_received, protection, paths, missing)
};

struct Peer {
  std::string name;
  std::string public_key;
  std::string state;  ///< up; on an edge also resolving, connecting, waiting; on a hub down
  std::vector<std::string> endpoint;
  std::vector<std::string> allowed_ips;
  std::optional<std::uint32_t> association;  ///< id, when up
  std::uint64_t mtu = 0;                     ///< largest inner packet towards it; 0 unless up
  std::uint64_t queue_bytes = 0;
  std::uint64_t queue_packets = 0;
  std::uint64_t queue_limit = 0;
  Counters counters;
  HAWSER_DESCRIBED(Peer, name, public_key, state, endpoint, allowed_ips, association, mtu, queue_bytes,
                   queue_packets, queue_limit, counters)
};

/// A UDP socket of the daemon.
struct Socket {
  std::uint32_t id = 0;
  std::string label;
  std::string interface;
  std::string local;
  Counters counters;
  HAWSER_DESCRIBED(Socket, id, label, interface, local, counters)
};

/// What an uplink may carry in a month, both ways together, in bytes of IP packets.
struct Quota {
  std::uint64_t used = 0;
  std::uint64_t limit = 0;
  bool over = false;
  std::string reset;  ///< date at which it starts anew, UTC; empty: not known, as the clock was never set
  HAWSER_DESCRIBED(Quota, used, limit, over, reset)
};

struct Uplink {
  std::string label;
  std::string interface;       ///< the one in use; while there is none, as configured
  std::string role;            ///< as it is now: live changes and quota included
  bool usable = false;         ///< up, with carrier, an address and a route to a peer
  std::string reason;          ///< why it cannot be used now; empty: it can
  double max_upload_mbps = 0;  ///< 0: no cap
  double max_download_mbps = 0;
  std::optional<Quota> quota{};
  HAWSER_DESCRIBED(Uplink, label, interface, role, usable, reason, max_upload_mbps, max_download_mbps, quota)
};

struct Interface {
  std::string name;
  std::vector<std::string> address;
  std::uint64_t mtu = 0;
  Counters counters;
  HAWSER_DESCRIBED(Interface, name, address, mtu, counters)
};

struct Drops {
  Counters engine;  ///< received packets and chunks, by reason
  Counters tunnel;  ///< IP packets and messages, by reason
  HAWSER_DESCRIBED(Drops, engine, tunnel)
};

struct Status {
  std::string version;
  std::uint32_t pid = 0;
  double uptime_s = 0;
  std::string public_key;  ///< of this end
  Interface interface;
  std::vector<std::string> listen;
  std::vector<Uplink> uplinks;
  std::vector<Socket> sockets;
  std::vector<Peer> peers;
  std::vector<Association> associations;
  Drops drops;
  Counters hooks;  ///< empty without [hooks]
  HAWSER_DESCRIBED(Status, version, pid, uptime_s, public_key, interface, listen, uplinks, sockets, peers,
                   associations, drops, hooks)
};

}  // namespace hawser::control
