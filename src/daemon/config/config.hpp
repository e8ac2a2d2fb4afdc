#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/types.hpp"

/// The configuration of a daemon: what the file says, its keys read, and the engine's parameters that follow.
namespace hawser::daemon::config {

/// Where a peer is reached: a literal address, or a name that is resolved at every connection race.
struct HostPort {
  std::string host;                   ///< name, or the text of the literal address
  std::uint16_t port = 0;             ///< UDP
  std::optional<UdpAddress> literal;  ///< the address; none: `host` is a name

  /// The port of an endpoint that names none (RFC 6951 §4).
  static constexpr std::uint16_t kDefaultPort = 9899;

  /// "hub.example.net:9899", "192.0.2.1:9899" or "[2001:db8::1]:9899", or any of these without a port, then
  /// also "2001:db8::1". None for anything else, and for an IPv6 address without brackets whose end can be a
  /// port as well: "2001:db8::1:9899".
  static std::optional<HostPort> parse(std::string_view text);
  /// The form that parse() reads, with the port.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const HostPort&) const = default;
};

/// Whether the name of an interface is a shell pattern such as "wwan*", "enx????" or "eth[0-3]".
[[nodiscard]] inline bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

/// A file that holds one key, and the line of the configuration that names it.
struct KeyFile {
  std::string path;        ///< absolute
  std::uint32_t line = 0;  ///< in the configuration
  /// Whether both are the same file, wherever the configuration names it.
  bool operator==(const KeyFile& other) const { return path == other.path; }
};

/// A rekey starts at the first of these limits. The defaults are the limits of sctp::SecurityConfig, which
/// the configuration can only lower.
struct RekeyConfig {
  std::size_t after_seconds = 900;
  std::size_t after_megabytes = 100'000;  ///< of 10^6 bytes
  std::size_t after_packets = std::size_t{1} << 27U;
  bool operator==(const RekeyConfig&) const = default;
};

/// The table [interface].
struct InterfaceConfig {
  std::string name;
  KeyFile private_key_file;
  std::vector<IpPrefix> addresses;  ///< of the TUN interface
  /// One full inner packet and its overhead fit a 1500-byte path: outer IPv6 (40), UDP (8), SCTP (12), a
  /// sealed record's header and tag (28), DATA header (16), rounded down to a multiple of 4.
  static constexpr std::size_t kDefaultMtu = 1392;
  /// More than the metrics that network managers give to the routes of a machine's own interfaces.
  static constexpr std::uint32_t kDefaultMetric = 9899;
  /// The mark with a kill switch.
  static constexpr std::uint32_t kDefaultMark = 9899;
  /// A fixed MTU. None: kDefaultMtu for the interface, and less towards a peer whose paths carry less.
  std::optional<std::size_t> mtu;
  bool mss_clamp = true;                            ///< lower the MSS that TCP connections announce
  bool ecn = true;                                  ///< datagrams with data are ECN-capable
  bool copy_dscp = false;                           ///< datagrams have the DSCP of the inner packets
  std::vector<UdpAddress> listen;                   ///< empty: an edge
  std::string control_socket;                       ///< absolute path
  std::string state_directory = "/var/lib/hawser";  ///< for files that outlive the daemon
  std::size_t queue_bytes = 4U << 20;               ///< limit of each peer's queue
  bool routes = true;                               ///< install routes for the peers' allowed IPs
  std::uint32_t metric = kDefaultMetric;            ///< of these routes; the lowest wins
  std::uint32_t fwmark = 0;                         ///< mark of the tunnel's datagrams; 0: none
  bool kill_switch = false;  ///< packets for the allowed IPs never leave by another interface
  /// Without any [[uplink]]: patterns of the interfaces that may be uplinks. Empty: all but tunnels and the
  /// interfaces of containers and virtual machines.
  std::vector<std::string> include_uplinks;
  std::vector<std::string> exclude_uplinks;  ///< patterns of the interfaces that may not
  RekeyConfig rekey;
  std::size_t buffer_bytes =
      64U << 20;  ///< most bytes in flight or held for the order, per peer and direction
  sctp::Scheduling scheduler = sctp::Scheduling::earliest;  ///< of what this end sends
  /// Of what this end sends, on every path without another one.
  sctp::CongestionControl congestion = sctp::EndpointConfig{}.congestion;
  bool operator==(const InterfaceConfig&) const = default;
};

/// How much an uplink may carry in a month, both directions together.
struct QuotaConfig {
  std::uint64_t bytes = 0;                             ///< of whole IP packets
  unsigned reset_day = 1;                              ///< 1 to 31; in a shorter month, its last day
  sctp::PathRole over_quota = sctp::PathRole::backup;  ///< the role once the quota is used up
  bool operator==(const QuotaConfig&) const = default;
};

/// A table [[uplink]].
struct UplinkConfig {
  std::string interface;               ///< a name, or a pattern of names
  std::string label;                   ///< unique
  std::optional<IpAddress> address{};  ///< source of its datagrams; none: the kernel chooses
  std::optional<IpAddress> gateway{};  ///< next hop of its datagrams; none: as the kernel routes them
  std::uint32_t table = 0;  ///< routing table of the administrator for its datagrams; 0: all tables
  sctp::PathRole role = sctp::PathRole::always;
  sctp::PathCaps caps{};                                ///< as seen from this end
  std::optional<sctp::CongestionControl> congestion{};  ///< none: that of the interface
  std::uint32_t weight = 1;                             ///< its part with the scheduler "weighted"
  std::optional<QuotaConfig> quota{};                   ///< none: unlimited
  bool operator==(const UplinkConfig&) const = default;
};

/// A table [[peer]], or a vacant position: a peer keeps its position in Config::peers for as long as the
/// daemon runs, and one that is removed leaves it vacant.
struct PeerConfig {
  std::string name;                             ///< unique
  std::optional<crypto::PublicKey> public_key;  ///< none: vacant; present in every file without a mistake
  std::uint32_t public_key_line = 0;
  std::optional<KeyFile> preshared_key_file;  ///< none: no pre-shared key
  std::vector<HostPort> endpoint;             ///< empty: the peer initiates
  std::vector<IpPrefix> allowed_ips;  ///< source addresses of the peer's packets; no prefix has two peers

  /// Whether the position has no peer.
  [[nodiscard]] bool vacant() const { return !public_key; }
};

/// The table [hooks]: a program that runs when the state of a tunnel or a path changes.
struct HooksConfig {
  std::string command;  ///< absolute path
  std::uint32_t command_line = 0;
  std::size_t timeout_seconds = 10;  ///< of one run
  /// Whether both run the same program in the same way, wherever the configuration names it.
  bool operator==(const HooksConfig& other) const {
    return command == other.command && timeout_seconds == other.timeout_seconds;
  }
};

/// A configuration file.
struct Config {
  std::string file;  ///< its name, for error messages
  InterfaceConfig interface;
  std::vector<UplinkConfig> uplinks;  ///< empty: every interface with a route to a peer
  std::vector<PeerConfig> peers;      ///< at least one
  std::optional<HooksConfig> hooks;   ///< none: no hooks
};

/// One mistake in a configuration file.
struct ConfigError {
  std::string file;
  std::uint32_t line = 0;  ///< 0: the file as a whole
  std::string key;         ///< "interface.mtu"; empty when the file is not TOML
  std::string problem;     ///< "saw 12", "missing", "unknown key, saw 12"
  std::string allowed;     ///< may be empty

  /// "file:line: key: problem; allowed: …", on one line: control characters become question marks.
  [[nodiscard]] std::string to_string() const;
};

/// Every mistake of a file, in the order of its lines.
using ConfigErrors = std::vector<ConfigError>;

}  // namespace hawser::daemon::config
