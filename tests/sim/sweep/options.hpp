#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/sweep/run.hpp"

namespace hawser::sim::sweep {

/// The command line of sim_sweep.
struct Options {
  std::vector<const Profile*> profiles;
  std::vector<Direction> directions{Direction::down};
  RunPlan plan;         ///< what all measurements have in common
  unsigned seeds = 1;   ///< measurements of each profile, of which the median counts
  bool single = false;  ///< the tunnel over each link alone; the best counts
  unsigned jobs = 1;    ///< processes at the same time
  std::string json;     ///< file; empty: none
  bool list = false;    ///< only names the profiles
};

/// Nothing: the command line is wrong, which was reported.
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv);

}  // namespace hawser::sim::sweep
