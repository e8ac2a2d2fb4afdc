#pragma once

#include <functional>
#include <vector>

#include "sim/sweep/options.hpp"

namespace hawser::sim::sweep {

/// The figures of one profile in one direction: of each figure the median of all seeds.
struct Row {
  const Profile* profile = nullptr;
  RunPlan plan;
  RunResult result;
  double least = 0;  ///< rate of the worst seed
  double most = 0;   ///< rate of the best seed
};

/// Runs all measurements of the command line, each in a process of its own, and reports each row as soon as
/// it is complete, in order.
std::vector<Row> run_all(const Options& options, const std::function<void(const Row&)>& report);

}  // namespace hawser::sim::sweep
