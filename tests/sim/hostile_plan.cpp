#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "sim/hostile_campaign.hpp"

namespace hawser::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

sctp::EndpointConfig hostile_config(bool accept) {
  sctp::EndpointConfig config;
  config.accept = accept;
  config.listed_addresses = false;
  config.rto_min = milliseconds(150);
  config.rto_initial = milliseconds(500);
  config.rto_max = seconds(5);
  config.sack_delay = milliseconds(20);
  config.heartbeat_interval = seconds(20);
  config.association_max_retrans = 1'000'000;
  config.silence_limit = std::chrono::minutes(15);
  return config;
}

HostilePlan make_hostile_plan(std::uint64_t seed) {
  SimRandom random(seed ^ 0x706c'616e);
  HostilePlan plan;
  plan.seed = seed;
  plan.steps = 60;
  plan.edges = 50;
  plan.attack = seconds(14);
  plan.mean_pause = microseconds(random.between(5'000, 60'000));
  plan.reports_itself = random.chance(0.7);
  return plan;
}

std::string HostilePlan::describe() const {
  char text[200];
  std::snprintf(text, sizeof text, "seed %llu: %u bursts; %zu edges, a burst every %.1f ms; the peer %s\n",
                static_cast<unsigned long long>(seed), steps, edges,
                std::chrono::duration<double, std::milli>(mean_pause).count(),
                reports_itself ? "answers HEARTBEATs" : "answers nothing");
  return text;
}

HostileFigures& HostileFigures::operator+=(const HostileFigures& other) {
  packets += other.packets;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  associations += other.associations;
  messages += other.messages;
  worst_cost = std::max(worst_cost, other.worst_cost);
  worst_heap = std::max(worst_heap, other.worst_heap);
  worst_delay = std::max(worst_delay, other.worst_delay);
  worst_call = std::max(worst_call, other.worst_call);
  return *this;
}

HostileResult run_hostile(const HostilePlan& plan, const Traces& traces) {
  HostileResult result = run_hostile_bursts(plan);
  try {
    const HostileResult hub = run_hostile_hub(plan, traces);
    result.figures += hub.figures;
    result.violations.insert(result.violations.end(), hub.violations.begin(), hub.violations.end());
  } catch (const std::exception& error) {
    result.violations.emplace_back(error.what());
  }
  return result;
}

}  // namespace hawser::sim
