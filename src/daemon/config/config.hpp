#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/base/result.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::daemon::config {

/// Where a peer can be reached: a literal address, or a name to be resolved each time it is called.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  std::optional<UdpAddress> literal;

  /// "hub.example.net:9899", "192.0.2.1:9899" or "[2001:db8::1]:9899"; nothing for anything else.
  static std::optional<HostPort> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

/// Whether the name of an interface is a shell pattern, as "wwan*", "enx????" or "eth[0-3]".
[[nodiscard]] inline bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

/// A file that holds one key, and where the configuration names it.
struct KeyFile {
  std::string path;
  std::uint32_t line = 0;
};

/// When keys are renewed: at the first of these. By default at sctp::SecurityConfig's own limits, which they
/// can only lower.
struct RekeyConfig {
  std::size_t after_seconds = 900;
  std::size_t after_megabytes = 100'000;
  std::size_t after_packets = std::size_t{1} << 27U;
};

struct InterfaceConfig {
  std::string name;
  KeyFile private_key_file;
  std::vector<IpPrefix> addresses;
  /// One full inner packet and its overhead fit a 1500-byte path: outer IPv6 (40), UDP (8), SCTP (12), a
  /// sealed record's header and tag (28), DATA header (16), rounded down to a multiple of 4.
  static constexpr std::size_t kDefaultMtu = 1392;
  /// That always holds; none: kDefaultMtu for the interface, and less towards a peer whose paths have less.
  std::optional<std::size_t> mtu;
  bool mss_clamp = true;
  std::vector<UdpAddress> listen;
  std::string control_socket;
  std::string state_directory = "/var/lib/hawser";  ///< for what has to outlive the daemon
  std::size_t queue_bytes = 256U << 10;             ///< of each peer
  bool routes = true;                               ///< lay routes for the peers' allowed IPs
  /// Without any [[uplink]], patterns of names: what may be one (empty: anything but tunnels, containers and
  /// the like), and what may not.
  std::vector<std::string> include_uplinks;
  std::vector<std::string> exclude_uplinks;
  RekeyConfig rekey;
};

/// How much an uplink may carry in a month, both ways together.
struct QuotaConfig {
  std::uint64_t bytes = 0;                             ///< of whole IP packets
  unsigned reset_day = 1;                              ///< 1 to 31; in a shorter month, its last day
  sctp::PathRole over_quota = sctp::PathRole::backup;  ///< the role once it is used up
};

struct UplinkConfig {
  std::string interface;  ///< a name, or a pattern of names
  std::string label;
  sctp::PathRole role = sctp::PathRole::always;
  sctp::PathCaps caps{};  ///< as they are told from this end
  std::optional<QuotaConfig> quota{};
};

struct PeerConfig {
  std::string name;
  std::optional<crypto::PublicKey> public_key;  ///< always there in a Config that was read without a mistake
  std::uint32_t public_key_line = 0;
  std::optional<KeyFile> preshared_key_file;
  std::vector<HostPort> endpoint;  ///< empty: it calls us
  std::vector<IpPrefix> allowed_ips;
};

/// What is run when something happens to a tunnel or a path.
struct HooksConfig {
  std::string command;  ///< absolute path
  std::uint32_t command_line = 0;
  std::size_t timeout_seconds = 10;
};

struct Config {
  std::string file;  ///< what it was read from, for error messages
  InterfaceConfig interface;
  std::vector<UplinkConfig> uplinks;  ///< empty: every interface with a default route
  std::vector<PeerConfig> peers;
  std::optional<HooksConfig> hooks;
};

struct ConfigError {
  std::string file;
  std::uint32_t line = 0;  ///< 0: the file as a whole
  std::string key;         ///< "interface.mtu"; empty when the file is no TOML
  std::string problem;     ///< "saw 12", "missing", "unknown key, saw 12"
  std::string allowed;

  /// "file:line: key: problem; allowed: …"
  [[nodiscard]] std::string to_string() const;
};

/// Every mistake at once, in the order of the file.
using ConfigErrors = std::vector<ConfigError>;

[[nodiscard]] Result<Config, ConfigErrors> load_config(const std::string& file);
/// `file` is what error messages call `text`.
[[nodiscard]] Result<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file);

}  // namespace hawser::daemon::config
