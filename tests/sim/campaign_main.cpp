// The random campaign: scenarios from seeds; each must keep every invariant of the simulator.
//
//   sim_campaign [--first N] [--count N]      scenarios N, N+1, …
//   sim_campaign --seed N [--verbose]         one scenario; --verbose prints the plan and every datagram
//   sim_campaign --seed N --trace FILE        writes every packet in clear text; FILE.pcap: as a capture
#include <cstdio>

#include "sim/campaign.hpp"
#include "sim/campaign_options.hpp"

namespace {

void print_figures(const hawser::sim::RunFigures& figures, std::uint64_t runs, std::uint64_t failed) {
  std::printf(
      "%llu scenarios, %llu failed: %llu datagrams (%llu lost, %llu damaged), %llu messages, %.1f MB, %llu "
      "paths up, "
      "%llu NAT rebindings, %.1f h simulated\n",
      static_cast<unsigned long long>(runs), static_cast<unsigned long long>(failed),
      static_cast<unsigned long long>(figures.datagrams), static_cast<unsigned long long>(figures.lost),
      static_cast<unsigned long long>(figures.damaged), static_cast<unsigned long long>(figures.messages),
      static_cast<double>(figures.bytes) / 1e6, static_cast<unsigned long long>(figures.paths_joined),
      static_cast<unsigned long long>(figures.rebindings),
      std::chrono::duration<double>(figures.simulated).count() / 3600);
}

}  // namespace

int main(int argc, char** argv) {
  hawser::sim::CampaignOptions options;
  if (!hawser::sim::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: sim_campaign [--first N] [--count N] | --seed N [--verbose] [--trace FILE]\n");
    return 2;
  }
  hawser::sim::RunFigures figures;
  const std::uint64_t failed =
      hawser::sim::run_seeds("sim_campaign", options, hawser::sim::make_plan, hawser::sim::run_plan, figures);
  print_figures(figures, options.count, failed);
  return failed == 0 ? 0 : 1;
}
