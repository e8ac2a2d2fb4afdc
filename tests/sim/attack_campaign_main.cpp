// The attack campaign: protected bonds with somebody hostile on the path.
//
//   sim_attack_campaign [--first N] [--count N]      attacks N, N+1, …
//   sim_attack_campaign --seed N [--verbose]         one of them again; --verbose prints the plan and every
//   datagram
#include <cstdio>

#include "sim/attack_campaign.hpp"
#include "sim/campaign_options.hpp"

namespace {

void report(const hawser::sim::AttackPlan& plan, const hawser::sim::AttackResult& result) {
  std::printf("FAILED %s", plan.describe().c_str());
  for (const std::string& line : result.violations) std::printf("  ! %s\n", line.c_str());
  std::printf("  again: sim_attack_campaign --seed %llu --verbose\n",
              static_cast<unsigned long long>(plan.seed));
  std::fflush(stdout);
}

void print_figures(const hawser::sim::AttackFigures& figures, std::uint64_t runs, std::uint64_t failed) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu attacks, %llu failed: %llu datagrams, %llu seen by the attacker (%llu dropped), %llu of its own, "
      "%llu messages, %llu associations begun, %llu killed by total loss, slowest recovery %.1f s, %.1f h "
      "simulated\n",
      number(runs), number(failed), number(figures.datagrams), number(figures.seen), number(figures.dropped),
      number(figures.sent), number(figures.messages), number(figures.sessions), number(figures.killed),
      std::chrono::duration<double>(figures.slowest_recovery).count(),
      std::chrono::duration<double>(figures.simulated).count() / 3600);
}

}  // namespace

int main(int argc, char** argv) {
  hawser::sim::CampaignOptions options;
  if (!hawser::sim::parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: sim_attack_campaign [--first N] [--count N] | --seed N [--verbose]\n");
    return 2;
  }
  hawser::sim::AttackFigures figures;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    const hawser::sim::AttackPlan plan = hawser::sim::make_attack_plan(seed);
    if (options.verbose) std::printf("%s", plan.describe().c_str());
    const auto result = hawser::sim::run_attack(plan, options.verbose ? stdout : nullptr);
    figures += result.figures;
    if (result.violations.empty()) continue;
    ++failed;
    report(plan, result);
  }
  print_figures(figures, options.count, failed);
  return failed == 0 ? 0 : 1;
}
