#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"
#include "sim/sim_random.hpp"

namespace hawser::sim {

/// Which remotes may send through a mapping (RFC 4787 §5).
enum class NatFiltering : std::uint8_t {
  endpoint_independent,    ///< all
  address_dependent,       ///< the addresses that the inside has sent to
  address_port_dependent,  ///< the transport addresses that the inside has sent to
};

/// The behaviour of a NAT.
struct NatConfig {
  NatFiltering filtering = NatFiltering::address_port_dependent;
  /// Public ports are random, or else ascending. The port is never the inside port.
  bool random_ports = true;
  /// A mapping without outbound traffic for this long expires; zero means never.
  Duration idle_timeout{};
  /// Whether inbound datagrams refresh a mapping too (RFC 4787 §4.3 leaves it open; many NATs do not).
  bool inbound_refreshes = false;
};

/// A NAT that rewrites addresses and ports. Each inside transport address has one public port for all remotes
/// (endpoint-independent mapping, RFC 4787 §4.1).
///
///     10.0.0.2:9899 ─┐      ┌──────────────── Nat ────────────────┐
///     10.0.0.3:9899 ─┼────► │ 10.0.0.2:9899 ◄─► 203.0.113.1:40117 │ ────► 198.51.100.1:9899
///     (several hosts:┘      │ 10.0.0.3:9899 ◄─► 203.0.113.1:51930 │       sees 203.0.113.1:40117
///      a carrier's NAT)     └─────────────────────────────────────┘
///
/// rebind_ports() changes every public port; rebind_address() changes the public address and the ports.
///
/// Owns its mappings. Never schedules a task: it checks for expiry when a datagram passes.
class Nat {
 public:
  Nat(const NatConfig& config, const IpAddress& public_address, std::uint64_t seed)
      : config_(config), public_address_(public_address), random_(seed) {}

  /// Returns the public transport address of `inside`; creates or refreshes the mapping.
  UdpAddress outbound(Timestamp now, const UdpAddress& inside, const UdpAddress& remote);
  /// Returns the inside transport address for a datagram from `remote` to `public_port`, if it may pass.
  std::optional<UdpAddress> inbound(Timestamp now, std::uint16_t public_port, const UdpAddress& remote);

  /// Acts like a reboot: drops all mappings; new ones get other ports.
  void rebind_ports();
  /// Does rebind_ports(), and moves to another public address.
  void rebind_address(const IpAddress& public_address);

  [[nodiscard]] const IpAddress& public_address() const { return public_address_; }
  [[nodiscard]] NatConfig& config() { return config_; }
  /// Inbound datagrams without a valid mapping.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// The public transport address of `inside`, as of its last outbound datagram.
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
  /// Ports in use before a rebinding. They are never assigned again, so that late datagrams reach no other
  /// host.
  std::set<std::uint16_t> retired_;
};

}  // namespace hawser::sim
