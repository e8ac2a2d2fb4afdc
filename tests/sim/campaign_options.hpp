#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/packet_trace.hpp"
#include "sim/world.hpp"

namespace hawser::sim {

/// The command line options of a campaign.
struct CampaignOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 2000;
  bool verbose = false;
  std::string trace;  ///< file for all packets in clear text; empty: none
};

/// Parses the command line; false when it is invalid.
inline bool parse(int argc, char** argv, CampaignOptions& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--verbose") {
      options.verbose = true;
      continue;
    }
    if (name == "--trace" && i + 1 < argc) {
      options.trace = argv[++i];
      continue;
    }
    char* end = nullptr;
    const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[++i], &end, 10) : 0;
    if (end == nullptr || *end != 0) return false;
    if (name == "--first") {
      options.first = value;
    } else if (name == "--count") {
      options.count = value;
    } else if (name == "--seeds") {
      options.first = 1;
      options.count = value;
    } else if (name == "--seed") {
      options.first = value;
      options.count = 1;
    } else {
      return false;
    }
  }
  return true;
}

/// Makes and runs the plan of every requested seed, adds up `figures`, and reports each failure with the
/// command of `program` that repeats it. Returns the number of failures.
template <class MakePlan, class Run, class Figures>
std::uint64_t run_seeds(const char* program, const CampaignOptions& options, MakePlan make_plan, Run run,
                        Figures& figures) {
  std::uint64_t failed = 0;
  const auto packets = options.trace.empty() ? nullptr : open_packet_log(options.trace);
  const Traces traces{options.verbose ? stdout : nullptr, packets.get()};
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    const auto plan = make_plan(seed);
    if (options.verbose) std::printf("%s", plan.describe().c_str());
    const auto result = run(plan, traces);
    figures += result.figures;
    if (result.violations.empty()) continue;
    ++failed;
    std::printf("FAILED %s", plan.describe().c_str());
    for (const std::string& line : result.violations) std::printf("  ! %s\n", line.c_str());
    std::printf("  repeat: %s --seed %llu --verbose\n", program, static_cast<unsigned long long>(seed));
    std::fflush(stdout);
  }
  return failed;
}

}  // namespace hawser::sim
