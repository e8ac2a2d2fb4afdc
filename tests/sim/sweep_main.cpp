// Measures inner flows over simulated links, as tests/bench/sweep does over real ones: cold tunnels, all
// profiles.
//
//   sim_sweep --profiles 50_50,loss_05 --jobs 2          one download of each profile
//   sim_sweep --direction down,up --flows 8 --seeds 5    medians of five seeds, eight flows, both ways in
//   turn sim_sweep --single                                   the tunnel over the best link alone sim_sweep
//   --no-tunnel                                the inner flows over the best link, without a tunnel
#include <cstdio>
#include <memory>

#include "sim/sweep/jobs.hpp"
#include "sim/sweep/options.hpp"
#include "sim/sweep/table.hpp"

int main(int argc, char** argv) {
  using namespace hawser::sim::sweep;
  const auto options = parse_options(argc, argv);
  if (!options) return 2;
  if (options->list) {
    for (const Profile* profile : options->profiles)
      std::printf("%.*s\n", static_cast<int>(profile->name.size()), profile->name.data());
    return 0;
  }
  print_heading(*options);
  const std::vector<Row> rows = run_all(*options, [](const Row& row) { print_row(row); });
  bool good = options->json.empty() || write_json(options->json, rows);
  for (const Row& row : rows) good = good && row.result.established && row.result.violations == 0;
  return good ? 0 : 1;
}
