// The attack campaign: protected bonds with an attacker on the path.
//
//   sim_attack_campaign [--first N] [--count N]      attacks N, N+1, …
//   sim_attack_campaign --seed N [--verbose]         one attack; --verbose prints the plan and every datagram
//   sim_attack_campaign --seed N --trace FILE        writes every packet in clear text; FILE.pcap: as a
//   capture
#include <cstdio>

#include "sim/attack_campaign.hpp"
#include "sim/campaign_options.hpp"

namespace {

void print_figures(const hawser::sim::AttackFigures& figures, std::uint64_t runs, std::uint64_t failed) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu attacks, %llu failed: %llu datagrams, %llu seen by the attacker (%llu dropped), %llu sent by it, "
      "%llu messages, %llu associations started, %llu killed by total loss, slowest recovery %.1f s, %.1f h "
      "simulated\n",
      number(runs), number(failed), number(figures.datagrams), number(figures.seen), number(figures.dropped),
      number(figures.sent), number(figures.messages), number(figures.associations), number(figures.killed),
      std::chrono::duration<double>(figures.slowest_recovery).count(),
      std::chrono::duration<double>(figures.simulated).count() / 3600);
}

}  // namespace

int main(int argc, char** argv) {
  hawser::sim::CampaignOptions options;
  if (!hawser::sim::parse(argc, argv, options)) {
    std::fprintf(
        stderr, "usage: sim_attack_campaign [--first N] [--count N] | --seed N [--verbose] [--trace FILE]\n");
    return 2;
  }
  hawser::sim::AttackFigures figures;
  const std::uint64_t failed = hawser::sim::run_seeds(
      "sim_attack_campaign", options, hawser::sim::make_attack_plan, hawser::sim::run_attack, figures);
  print_figures(figures, options.count, failed);
  return failed == 0 ? 0 : 1;
}
