#pragma once

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/host.hpp"
#include "sim/link.hpp"
#include "sim/nat.hpp"
#include "sim/violations.hpp"
#include "trace/packet_log.hpp"

namespace hawser::sim {

/// Where a world writes its datagrams and packets; null: nowhere.
struct Traces {
  std::FILE* datagrams = nullptr;       ///< a line for each datagram as the links see it, sent and delivered
  trace::PacketLog* packets = nullptr;  ///< each packet as the endpoints see it, in clear text
};

/// A network of hosts, wires and NAT boxes under one fake clock, all of it from one seed.
///
///      edge                                      core                       hub
///     ┌──────────┐   up    ┌─────┐            ┌────────┐            ┌──────────────┐
///     │ 10.0.0.2 ├───────► │ NAT ├──────────► │ routes │ ◄───────── ┤ 198.51.100.1 │
///     │          │ ◄───────┤     │ ◄──────────┤ by     ├──────────► │              │
///     │          │  down   └─────┘            │ public │  (links as │ 198.51.100.2 │
///     │ 10.0.1.2 ├───────► … ◄──────────────► │ address│   wished)  └──────────────┘
///     └──────────┘                            └───┬────┘
///                                    inject() ────┘  anybody's forged datagrams
///
/// Owns everything in it. The core is instant and loses nothing: what a path is like is said by its links
/// alone.
class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Host& add_host(const std::string& name, const sctp::EndpointConfig& config,
                 const HostOptions& options = {});
  Nat& add_nat(const NatConfig& config, const IpAddress& public_address);
  /// Gives `host` an address behind `nat` (nullptr: a public one). The answer is its index among the host's
  /// accesses.
  std::size_t attach(Host& host, SocketId uplink, const UdpAddress& local, Nat* nat, const LinkConfig& up,
                     const LinkConfig& down);
  /// Puts a datagram into the core, from whatever source it claims.
  void inject(SimDatagram&& datagram) { route(std::move(datagram), Seen::by_nobody); }
  /// Datagrams to this address, at any port, go to its owner, who is no host.
  using Owner = std::function<void(SimDatagram&&)>;
  void own(const IpAddress& address, Owner owner) { owners_[address] = std::move(owner); }

  /// Sees every datagram when a host sends it (before any link), and when it is delivered.
  using Tap = std::function<void(const Host&, const SimDatagram&)>;
  void on_sent(Tap tap) { sent_taps_.push_back(std::move(tap)); }
  void on_delivered(Tap tap) { delivered_taps_.push_back(std::move(tap)); }

  /// Writes what happens in this world from now on.
  void trace_to(const Traces& traces);

  [[nodiscard]] EventQueue& events() { return events_; }
  [[nodiscard]] Timestamp now() const { return events_.now(); }
  [[nodiscard]] Violations& violations() { return violations_; }
  [[nodiscard]] SimRandom& random() { return random_; }
  /// Datagrams for addresses that nobody has.
  [[nodiscard]] std::uint64_t unroutable() const { return unroutable_; }

 private:
  /// Who sits on the path does not meet again what it sent itself.
  enum class Seen { by_those_on_path, by_nobody };
  void leave(Access& access, SimDatagram&& datagram);
  void route(SimDatagram&& datagram, Seen seen);
  void print(const char* what, const Host& host, const Access& access, const SimDatagram& datagram) const;

  EventQueue events_;
  Violations violations_;
  SimRandom random_;
  Traces traces_;
  std::vector<Tap> sent_taps_;
  std::vector<Tap> delivered_taps_;
  std::uint64_t unroutable_ = 0;
  std::map<IpAddress, Owner> owners_;
  std::vector<std::unique_ptr<Nat>> nats_;
  std::vector<std::unique_ptr<Host>> hosts_;
  struct Attachment {
    Host* host;
    std::unique_ptr<Access> access;
  };
  std::vector<Attachment> attachments_;
};

}  // namespace hawser::sim
