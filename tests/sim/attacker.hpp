#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "sim/packet_view.hpp"
#include "sim/world.hpp"

namespace hawser::sim {

/// How somebody on the path behaves. The shares are chances of each datagram that comes by.
struct AttackerSpec {
  double drop = 0;
  double damage = 0;  ///< bits flipped or the end cut off; half of them with a checksum made right again
  double delay = 0;
  double duplicate = 0;  ///< once more, some time later
  double copy = 0;       ///< a copy from another source overtakes it
  double rewrite = 0;    ///< it comes from another source, and from there only
  double forge = 0;      ///< of an unsealed one: something made up in its place or beside it
  Duration longest_delay = std::chrono::seconds(2);
  /// Mean time between two acts of its own: replays and forgeries of all kinds. Zero: none.
  Duration strike_every{};
};

/// A node on some or all of the edge's ways, between NAT and core. It sees every datagram there, both ways,
/// and owns addresses of its own, where it may swallow, pass on or send back what it gets:
///
///                          ┌───────────────────┐
///     edge ─ link ─ NAT ───┤ drop, delay, copy ├─── core ─── hub
///                          │ damage, forge …   │     │
///                          └───────────────────┘     └─ 192.0.2.66: absorb, relay or reflect
///
/// Knows everything but secret keys. Owns what it recorded. All it does comes from its seed.
class Attacker {
 public:
  /// What becomes of a datagram that arrives at one of its own addresses.
  enum class Manner : std::uint8_t { absorb, relay, reflect };

  Attacker(World& world, const AttackerSpec& spec, const crypto::PublicKey& hub_key, std::uint64_t seed);
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;

  static IpAddress home();
  /// Whom it may address without having seen them.
  void learn_hub(const UdpAddress& hub) { hubs_.push_back(hub); }
  void sit_on(Access& access);
  void start();
  /// From now on everything passes; only what it holds back still comes.
  void stop() { active_ = false; }
  /// Nothing passes.
  void set_outage(bool on) { outage_ = on; }
  /// Everything from the edge leaves from an address of its own, until it is set to something else.
  void hijack(bool on, Manner manner);

  struct Figures {
    std::uint64_t seen = 0;
    std::uint64_t dropped = 0;
    std::uint64_t sent = 0;  ///< replayed, forged, altered or moved
  };
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  // attacker.cpp: what comes by
  bool on_path(bool outward, SimDatagram& datagram);
  void on_arrival(SimDatagram&& datagram);
  void record(bool outward, const SimDatagram& datagram);
  void send(SimDatagram datagram);
  void send_later(SimDatagram datagram);
  void send_from_own(SimDatagram datagram);
  void send_from_elsewhere(SimDatagram datagram);
  void damage(SimDatagram& datagram);
  void claim_cookie(const SimDatagram& init_ack);
  [[nodiscard]] std::vector<std::byte> prove_cookie(Bytes cookie) const;

  // attacker_strikes.cpp: what it does by itself
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
  std::vector<Recorded> handshakes_;  ///< unsealed ones: few, and never displaced by the many others
  std::set<UdpAddress> sources_;      ///< of the edge, as seen outside
  /// For whom each of its own addresses stands.
  struct Seat {
    UdpAddress edge;
    UdpAddress hub;
  };
  std::map<std::uint16_t, Seat> seats_;
  Figures figures_;
};

}  // namespace hawser::sim
