#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "sim/packet_view.hpp"
#include "sim/world.hpp"

namespace hawser::sim {

/// How an attacker on the path behaves. The shares are probabilities per passing datagram.
struct AttackerSpec {
  double drop = 0;
  double damage = 0;  ///< bits flipped or the end cut off; half of these datagrams get a valid checksum
  double delay = 0;
  double duplicate = 0;  ///< a second copy is sent some time later
  double copy = 0;       ///< a copy from another source arrives first
  double rewrite = 0;    ///< the datagram is sent from another source instead of its own
  double forge = 0;      ///< for unsealed datagrams: a forged one is sent instead or in addition
  Duration longest_delay = std::chrono::seconds(2);
  /// Mean time between two actions of its own: replays and forgeries of all kinds. Zero: none.
  Duration strike_every{};
};

/// An attacker on some or all paths of the edge, between NAT and core. It sees every datagram there, in both
/// directions, and owns addresses at which it drops, relays or reflects arriving datagrams:
///
///                          ┌───────────────────┐
///     edge ─ link ─ NAT ───┤ drop, delay, copy ├─── core ─── hub
///                          │ damage, forge …   │     │
///                          └───────────────────┘     └─ 192.0.2.66: absorb, relay or reflect
///
/// Knows everything but secret keys. Owns its recordings. All its actions are drawn from its seed.
class Attacker {
 public:
  /// What happens to a datagram that arrives at one of its own addresses.
  enum class Manner : std::uint8_t { absorb, relay, reflect };

  Attacker(World& world, const AttackerSpec& spec, const crypto::PublicKey& hub_key, std::uint64_t seed);
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;

  /// Its own IP address.
  static IpAddress home();
  /// Adds a hub that it may send to without having seen its datagrams.
  void learn_hub(const UdpAddress& hub) { hubs_.push_back(hub); }
  /// Puts the attacker on this access. `access` must outlive it.
  void sit_on(Access& access);
  void start();
  /// Lets everything pass from now on; only held datagrams still arrive.
  void stop() { active_ = false; }
  /// Drops everything, or stops doing so.
  void set_outage(bool on) { outage_ = on; }
  /// Sends everything from the edge from an address of its own, until the next call.
  void hijack(bool on, Manner manner);

  /// Datagrams that it saw, dropped and sent.
  struct Figures {
    std::uint64_t seen = 0;
    std::uint64_t dropped = 0;
    std::uint64_t sent = 0;  ///< replayed, forged, altered or redirected
  };
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  // attacker.cpp: passing datagrams
  bool on_path(bool outward, SimDatagram& datagram);
  void on_arrival(SimDatagram&& datagram);
  void record(bool outward, const SimDatagram& datagram);
  void send(SimDatagram datagram);
  void send_later(SimDatagram datagram);
  void send_from_own(SimDatagram datagram);
  void send_from_elsewhere(SimDatagram datagram);
  void damage(SimDatagram& datagram);
  void claim_cookie(const SimDatagram& init_ack);
  void sign(std::vector<std::byte>& packet, Bytes transcript) const;

  // attacker_strikes.cpp: actions of its own
  void strike();
  void replay_as_it_was();
  void replay_from_elsewhere();
  void replay_small_records();
  void reflect();
  void replay_handshake();
  void send_init_of_its_own();
  void forge_unsealed();
  void forge_record();
  bool forge_beside(const SimDatagram& datagram);
  [[nodiscard]] std::vector<std::byte> guessed_data(std::uint32_t tag);
  [[nodiscard]] std::vector<std::byte> forged_data(const PacketView& like);
  [[nodiscard]] std::vector<std::byte> noise(std::size_t size);

  struct Recorded {
    bool outward = false;
    SimDatagram datagram;
  };
  [[nodiscard]] const Recorded* any_recorded();
  [[nodiscard]] const Recorded* init_of(const PacketView& init_ack) const;
  [[nodiscard]] UdpAddress own_address();
  [[nodiscard]] UdpAddress other_source(const UdpAddress& instead_of);

  World& world_;
  AttackerSpec spec_;
  crypto::PublicKey hub_key_;
  SimRandom random_;
  bool active_ = false;
  bool outage_ = false;
  bool hijacking_ = false;
  Manner manner_ = Manner::absorb;
  std::uint16_t hijack_port_ = 0;
  std::vector<UdpAddress> hubs_;
  std::vector<Recorded> recorded_;
  std::vector<Recorded> handshakes_;  ///< unsealed datagrams: few, and never displaced by others
  std::set<UdpAddress> sources_;      ///< source addresses of the edge, as seen outside
  /// The two ends that it impersonates at one of its own ports.
  struct Seat {
    UdpAddress edge;
    UdpAddress hub;
  };
  std::map<std::uint16_t, Seat> seats_;
  Figures figures_;
};

}  // namespace hawser::sim
