#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/attacker.hpp"
#include "sim/bond.hpp"

namespace hawser::sim {

/// What the attacker does for a while, beside all else.
struct Spell {
  enum class Kind : std::uint8_t { outage, hijack_absorbed, hijack_relayed, hijack_reflected };
  Duration from{};
  Duration to{};
  Kind kind{};
};

/// One random attack on one protected bond, all of it drawn from its seed.
struct AttackPlan {
  std::uint64_t seed = 0;
  BondSpec bond;
  std::vector<std::size_t> tapped;  ///< uplinks with the attacker on them
  AttackerSpec attacker;
  std::vector<Spell> spells;
  Duration begins{};  ///< zero: the first handshake is under attack already
  Duration ends{};
  bool stranger = false;   ///< somebody with a key of its own tries to get in
  bool rebinding = false;  ///< NATs rebind meanwhile

  [[nodiscard]] std::string describe() const;
};
[[nodiscard]] AttackPlan make_attack_plan(std::uint64_t seed);

struct AttackFigures {
  std::uint64_t datagrams = 0;  ///< of the hosts
  std::uint64_t seen = 0;
  std::uint64_t dropped = 0;
  std::uint64_t sent = 0;  ///< by the attacker
  std::uint64_t messages = 0;
  std::uint64_t sessions = 0;
  std::uint64_t killed = 0;  ///< by total loss
  Duration slowest_recovery{};
  Duration simulated{};

  AttackFigures& operator+=(const AttackFigures& other);
};

struct AttackResult {
  std::vector<std::string> violations;
  AttackFigures figures;
};

/// Runs the plan and checks that
/// - nothing is delivered but what was sent, once and in order, in the association it was sent in;
/// - nobody becomes a peer but the one with the key, and no attempt to connect becomes two associations;
/// - no path is proven, and no user data sent, at an address that did not pass a challenge both ways; nothing
///   unproven gets more than three times what came from it (WireMonitor, and the engine's own words);
/// - who is not known hears nothing;
/// - an association that was up on both sides ends by total loss only;
/// - when the attacker has gone, an association that lived works within kRepair, or else a new one within
///   kRevival; all uplinks join again; it ends gracefully and leaves nothing behind.
[[nodiscard]] AttackResult run_attack(const AttackPlan& plan, const Traces& traces);

}  // namespace hawser::sim
