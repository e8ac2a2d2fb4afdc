// The hostile campaign: a peer with a valid key that sends anything.
//
//   sim_hostile_campaign [--first N] [--count N]      runs N, N+1, …
//   sim_hostile_campaign --seeds N                    runs 1 to N
//   sim_hostile_campaign --seed N [--verbose]         one run; --verbose prints the plan and every datagram
//   sim_hostile_campaign --seed N --trace FILE        writes every packet in clear text; FILE.pcap: as a
//   capture
#include <cstdio>

#include "sim/campaign_options.hpp"
#include "sim/hostile_campaign.hpp"

namespace {

void print_figures(const hawser::sim::HostileFigures& figures, std::uint64_t runs, std::uint64_t failed) {
  const auto number = [](auto value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu runs, %llu failed: %llu hostile packets, %llu bytes in, %llu out, %llu associations of the "
      "hostile "
      "peer, %llu honest messages; worst: %.1f ordinary packets of processor time per packet, %llu bytes of "
      "heap, "
      "%.0f ms for an honest message and back, %.0f ms for a call\n",
      number(runs), number(failed), number(figures.packets), number(figures.bytes_in),
      number(figures.bytes_out), number(figures.associations), number(figures.messages), figures.worst_cost,
      number(figures.worst_heap), std::chrono::duration<double, std::milli>(figures.worst_delay).count(),
      std::chrono::duration<double, std::milli>(figures.worst_call).count());
}

}  // namespace

int main(int argc, char** argv) {
  hawser::sim::CampaignOptions options;
  options.count = 100;
  if (!hawser::sim::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: sim_hostile_campaign [--first N] [--count N] | --seeds N | --seed N [--verbose] "
                 "[--trace FILE]\n");
    return 2;
  }
  hawser::sim::HostileFigures figures;
  const std::uint64_t failed = hawser::sim::run_seeds(
      "sim_hostile_campaign", options, hawser::sim::make_hostile_plan, hawser::sim::run_hostile, figures);
  print_figures(figures, options.count, failed);
  return failed == 0 ? 0 : 1;
}
