#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace hawser::sim {

/// The command line of a campaign.
struct CampaignOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 2000;
  bool verbose = false;
};

inline bool parse(int argc, char** argv, CampaignOptions& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--verbose") {
      options.verbose = true;
      continue;
    }
    char* end = nullptr;
    const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[++i], &end, 10) : 0;
    if (end == nullptr || *end != 0) return false;
    if (name == "--first") {
      options.first = value;
    } else if (name == "--count") {
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

}  // namespace hawser::sim
