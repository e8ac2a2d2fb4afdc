#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"
#include "sim/sim_random.hpp"

namespace hawser::sim {

/// Who may answer through a mapping (RFC 4787 §5).
enum class NatFiltering : std::uint8_t {
  endpoint_independent,    ///< anybody
  address_dependent,       ///< addresses the inside has sent to
  address_port_dependent,  ///< transport addresses the inside has sent to
};

struct NatConfig {
  NatFiltering filtering = NatFiltering::address_port_dependent;
  /// Random public ports, or one after another. The inside port is never kept.
  bool random_ports = true;
  /// A mapping that sends nothing out for so long is forgotten; zero keeps it for ever.
  Duration idle_timeout{};
  /// Whether incoming datagrams keep a mapping alive too (RFC 4787 §4.3 leaves it to the box; many do not).
  bool inbound_refreshes = false;
};

/// A port-rewriting translator: a table, nothing else. One inside transport address has one public port,
/// whoever it talks to (endpoint-independent mapping, RFC 4787 §4.1).
///
///     10.0.0.2:9899 ─┐      ┌──────────────── Nat ────────────────┐
///     10.0.0.3:9899 ─┼────► │ 10.0.0.2:9899 ◄─► 203.0.113.1:40117 │ ────► 198.51.100.1:9899
///     (several hosts:┘      │ 10.0.0.3:9899 ◄─► 203.0.113.1:51930 │       sees 203.0.113.1:40117
///      a carrier's NAT)     └─────────────────────────────────────┘
///
///     rebind_ports(): every public port changes        rebind_address(): the public address changes, and the
///     ports
///
/// Owns its mappings. Never schedules anything: expiry is judged when a datagram comes by.
class Nat {
 public:
  Nat(const NatConfig& config, const IpAddress& public_address, std::uint64_t seed)
      : config_(config), public_address_(public_address), random_(seed) {}

  /// What `inside` looks like from outside; makes or refreshes the mapping.
  UdpAddress outbound(Timestamp now, const UdpAddress& inside, const UdpAddress& remote);
  /// Who is meant by a datagram of `remote` to `public_port`, if it may pass.
  std::optional<UdpAddress> inbound(Timestamp now, std::uint16_t public_port, const UdpAddress& remote);

  /// As a reboot does: all mappings are forgotten, and new ones get other ports.
  void rebind_ports();
  void rebind_address(const IpAddress& public_address);

  [[nodiscard]] const IpAddress& public_address() const { return public_address_; }
  [[nodiscard]] NatConfig& config() { return config_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// The public transport address of `inside` as of its last datagram.
  [[nodiscard]] std::optional<UdpAddress> mapping(const UdpAddress& inside) const;

 private:
  struct Mapping {
    std::uint16_t port = 0;
    Timestamp used{};
    std::set<UdpAddress> contacted;
  };
  [[nodiscard]] std::uint16_t new_port(std::uint16_t inside_port);
  [[nodiscard]] bool expired(const Mapping& mapping, Timestamp now) const;
  [[nodiscard]] bool may_pass(const Mapping& mapping, const UdpAddress& remote) const;

  NatConfig config_;
  IpAddress public_address_;
  SimRandom random_;
  std::uint16_t last_port_ = 32768;
  std::uint64_t dropped_ = 0;
  std::map<UdpAddress, Mapping> by_inside_;
  std::map<std::uint16_t, UdpAddress> by_port_;
  /// Ports that were in use before a rebinding: given to nobody again, so that a stale sender reaches no one.
  std::set<std::uint16_t> retired_;
};

}  // namespace hawser::sim
