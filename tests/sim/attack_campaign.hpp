#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/attacker.hpp"
#include "sim/bond.hpp"

namespace hawser::sim {

/// An action of the attacker over a period, in addition to its random actions.
struct Spell {
  enum class Kind : std::uint8_t { outage, hijack_absorbed, hijack_relayed, hijack_reflected };
  Duration from{};
  Duration to{};
  Kind kind{};
};

/// One random attack on one protected bond, drawn from its seed alone.
struct AttackPlan {
  std::uint64_t seed = 0;
  BondSpec bond;
  std::vector<std::size_t> tapped;  ///< the uplinks with the attacker on their path
  AttackerSpec attacker;
  std::vector<Spell> spells;
  Duration begins{};  ///< zero: the first handshake is attacked already
  Duration ends{};
  bool unknown_edge = false;  ///< an edge with a key that the hub does not know tries to connect
  bool rebinding = false;     ///< NATs rebind during the attack

  [[nodiscard]] std::string describe() const;
};
[[nodiscard]] AttackPlan make_attack_plan(std::uint64_t seed);

/// Figures of one attack, or their sum over a campaign.
struct AttackFigures {
  std::uint64_t datagrams = 0;  ///< sent by the hosts
  std::uint64_t seen = 0;
  std::uint64_t dropped = 0;
  std::uint64_t sent = 0;  ///< by the attacker
  std::uint64_t messages = 0;
  std::uint64_t associations = 0;
  std::uint64_t killed = 0;  ///< associations that ended by total loss
  Duration slowest_recovery{};
  Duration simulated{};

  AttackFigures& operator+=(const AttackFigures& other);
};

/// The outcome of one attack.
struct AttackResult {
  std::vector<std::string> violations;
  AttackFigures figures;
};

/// Runs the plan and checks that
/// - only sent messages are delivered, once and in order, in the association they were sent in;
/// - only the owner of the known key becomes a peer, and no attempt to connect creates two associations;
/// - no path is validated at an address that did not pass the probe and its reply, and no user data goes
///   there; an address that is not validated gets at most three times the bytes received from it
///   (WireMonitor, and the engine's status);
/// - an unknown sender gets no answer;
/// - an association that was up on both sides ends only by total loss;
/// - after the attack, a surviving association works within kRepair, or else a new one within kRevival; all
///   uplinks join again; it ends gracefully and leaves nothing behind.
[[nodiscard]] AttackResult run_attack(const AttackPlan& plan, const Traces& traces);

}  // namespace hawser::sim
