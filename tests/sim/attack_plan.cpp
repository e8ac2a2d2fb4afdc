// Draws random attacks.
#include <algorithm>

#include "sim/attack_campaign.hpp"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The daemon's settings, except for a silence limit that a simulation can reach.
sctp::EndpointConfig daemon_like(SimRandom& random) {
  sctp::EndpointConfig config;
  config.outbound_streams = config.inbound_streams = 200;
  config.rto_min = milliseconds(200);
  config.rto_max = seconds(5);
  config.sack_delay = milliseconds(20);
  config.heartbeat_interval = seconds(random.chance(0.5) ? 2 : 20);
  config.failed_path_probe_max = milliseconds(500);
  config.max_init_retrans = random.chance(0.5) ? 1 : 8;
  config.association_max_retrans = 1'000'000;
  config.silence_limit = seconds(12);
  config.listed_addresses = false;
  return config;
}

UplinkSpec draw_uplink(SimRandom& random, std::size_t index, const std::vector<UplinkSpec>& earlier) {
  UplinkSpec spec;
  spec.up.rate = random.between(2'000'000, 50'000'000);
  spec.up.delay = milliseconds(random.between(1, 60));
  spec.up.loss = random.chance(0.3) ? random.unit() * 0.03 : 0;
  spec.down = spec.up;
  if (random.chance(0.15)) {
    spec.nat.reset();
    return spec;
  }
  spec.nat->filtering =
      random.chance(0.5) ? NatFiltering::endpoint_independent : NatFiltering::address_port_dependent;
  if (index > 0 && earlier.front().nat && random.chance(0.2)) spec.shares_nat_of = 0;
  return spec;
}

AttackerSpec draw_attacker(SimRandom& random) {
  const auto share = [&](double how_often, double max) {
    return random.chance(how_often) ? random.unit() * max : 0.0;
  };
  AttackerSpec spec;
  spec.drop = share(0.5, 0.4);
  spec.damage = share(0.5, 0.3);
  spec.delay = share(0.5, 0.3);
  spec.duplicate = share(0.5, 0.5);
  spec.copy = share(0.6, 0.5);
  spec.rewrite = share(0.4, 0.4);
  spec.forge = share(0.4, 0.5);
  spec.longest_delay = milliseconds(random.between(10, 5'000));
  if (random.chance(0.9)) spec.strike_every = milliseconds(random.between(3, 300));
  return spec;
}

void draw_spells(SimRandom& random, AttackPlan& plan) {
  const auto whole = static_cast<std::uint64_t>(plan.ends.count());
  for (std::uint64_t left = random.below(5); left > 0; --left) {
    Spell spell;
    spell.from = Duration(static_cast<Duration::rep>(random.below(whole)));
    spell.to = std::min(plan.ends, spell.from + Duration(milliseconds(random.between(200, 20'000))));
    spell.kind = static_cast<Spell::Kind>(random.below(4));
    plan.spells.push_back(spell);
  }
}

}  // namespace

AttackPlan make_attack_plan(std::uint64_t seed) {
  SimRandom random(seed ^ 0x6174'7461'636b);
  AttackPlan plan;
  plan.seed = seed;
  BondSpec& bond = plan.bond;
  bond.seed = seed;
  bond.sealed = true;
  bond.preshared_key = random.chance(0.3);
  if (random.chance(0.3)) bond.rekey_after = seconds(random.between(2, 10));
  const std::size_t uplinks = random.between(1, 3);
  for (std::size_t i = 0; i < uplinks; ++i) bond.uplinks.push_back(draw_uplink(random, i, bond.uplinks));
  bond.hub_addresses = random.between(1, 2);
  bond.edge = daemon_like(random);
  bond.hub = daemon_like(random);
  for (std::size_t i = 0; i < uplinks; ++i) {
    if (i == 0 || random.chance(0.7)) plan.tapped.push_back(i);
  }
  plan.attacker = draw_attacker(random);
  plan.begins = random.chance(0.4) ? Duration() : Duration(milliseconds(random.between(100, 5'000)));
  plan.ends = plan.begins + Duration(milliseconds(random.between(5'000, 30'000)));
  draw_spells(random, plan);
  plan.unknown_edge = random.chance(0.3);
  plan.rebinding = random.chance(0.3);
  return plan;
}

std::string AttackPlan::describe() const {
  const auto in_seconds = [](Duration span) { return std::chrono::duration<double>(span).count(); };
  char line[300];
  std::snprintf(line, sizeof line,
                "seed %llu: %zu uplinks, %zu tapped, %zu hub addresses%s%s%s%s; from %.3f to %.3f s\n",
                static_cast<unsigned long long>(seed), bond.uplinks.size(), tapped.size(), bond.hub_addresses,
                bond.preshared_key ? ", pre-shared key" : "", bond.rekey_after ? ", frequent rekeys" : "",
                unknown_edge ? ", an unknown edge" : "", rebinding ? ", NATs rebind" : "", in_seconds(begins),
                in_seconds(ends));
  std::string text = line;
  std::snprintf(
      line, sizeof line,
      "  drop %.2f, damage %.2f, delay %.2f (%.2f s), duplicate %.2f, copy %.2f, rewrite %.2f, forge "
      "%.2f, strike every %.3f s\n",
      attacker.drop, attacker.damage, attacker.delay, in_seconds(attacker.longest_delay), attacker.duplicate,
      attacker.copy, attacker.rewrite, attacker.forge, in_seconds(attacker.strike_every));
  text += line;
  static constexpr const char* kKinds[] = {"outage", "hijacked and absorbed", "hijacked and relayed",
                                           "hijacked and reflected"};
  for (const Spell& spell : spells) {
    std::snprintf(line, sizeof line, "  %.3f to %.3f s: %s\n", in_seconds(spell.from), in_seconds(spell.to),
                  kKinds[static_cast<std::size_t>(spell.kind)]);
    text += line;
  }
  return text;
}

AttackFigures& AttackFigures::operator+=(const AttackFigures& other) {
  datagrams += other.datagrams;
  seen += other.seen;
  dropped += other.dropped;
  sent += other.sent;
  messages += other.messages;
  associations += other.associations;
  killed += other.killed;
  slowest_recovery = std::max(slowest_recovery, other.slowest_recovery);
  simulated += other.simulated;
  return *this;
}

}  // namespace hawser::sim
