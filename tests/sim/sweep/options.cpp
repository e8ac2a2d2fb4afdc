#include "sim/sweep/options.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "daemon/config/units.hpp"

namespace hawser::sim::sweep {
namespace {

constexpr const char* kUsage =
    "usage: sim_sweep [--profiles A,B] [--direction down,up,both] [--flows N] [--transport tcp|quic]\n"
    "                 [--seconds 10] [--warmup 2] [--seed N] [--seeds N] [--jobs N] [--json FILE]\n"
    "                 [--single | --no-tunnel] [--no-probes] [--ecn] [--blackhole SECONDS]\n"
    "                 [--congestion bbr|cubic|newreno|coupled] [--no-order-hold] [--no-nr-sack]\n"
    "                 [--queue-bytes N] [--cost MICROSECONDS] [--timeline] [--list]\n";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

bool read_number(const std::string& text, double& out) {
  char* end = nullptr;
  out = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == 0 && out >= 0;
}

bool read_profiles(const std::string& text, Options& options) {
  options.profiles.clear();
  for (const std::string& name : split(text)) {
    const Profile* profile = find_profile(name);
    if (profile == nullptr) {
      std::fprintf(stderr, "sim_sweep: no profile %s\n", name.c_str());
      return false;
    }
    options.profiles.push_back(profile);
  }
  return true;
}

bool read_directions(const std::string& text, Options& options) {
  options.directions.clear();
  for (const std::string& name : split(text)) {
    if (name != "down" && name != "up" && name != "both") return false;
    options.directions.push_back(name == "down" ? Direction::down
                                 : name == "up" ? Direction::up
                                                : Direction::both);
  }
  return true;
}

bool read_flag(std::string_view name, Options& options) {
  if (name == "--single") return options.single = true;
  if (name == "--no-probes") return !(options.plan.probes = false);
  if (name == "--ecn") return options.plan.ecn = true;
  if (name == "--list") return options.list = true;
  if (name == "--no-order-hold") return !(options.plan.changes.order_hold = false);
  if (name == "--no-nr-sack") return !(options.plan.changes.nr_sack = false);
  if (name == "--timeline") return options.plan.timeline = true;
  if (name != "--no-tunnel") return false;
  options.plan.tunnel = false;
  return options.single = true;
}

bool read_text(std::string_view name, const std::string& value, Options& options) {
  if (name == "--profiles") return read_profiles(value, options);
  if (name == "--direction") return read_directions(value, options);
  if (name == "--transport") {
    options.plan.transport = value == "quic" ? Transport::quic : Transport::tcp;
    return value == "quic" || value == "tcp";
  }
  if (name == "--congestion") {
    options.plan.changes.congestion = daemon::config::parse_congestion(value);
    return options.plan.changes.congestion.has_value();
  }
  if (name != "--json") return false;
  options.json = value;
  return true;
}

bool read_value(std::string_view name, const std::string& text, Options& options) {
  double value = 0;
  if (read_text(name, text, options)) return true;
  if (!read_number(text, value)) return false;
  if (name == "--flows") {
    options.plan.flows = static_cast<unsigned>(value);
  } else if (name == "--seconds") {
    options.plan.seconds = value;
  } else if (name == "--warmup") {
    options.plan.warmup = value;
  } else if (name == "--seed") {
    options.plan.seed = static_cast<std::uint64_t>(value);
  } else if (name == "--seeds") {
    options.seeds = static_cast<unsigned>(value);
  } else if (name == "--jobs") {
    options.jobs = static_cast<unsigned>(value);
  } else if (name == "--cost") {
    options.plan.cost = value;
  } else if (name == "--blackhole") {
    options.plan.blackhole = value;
  } else if (name == "--queue-bytes") {
    options.plan.changes.queue_bytes = static_cast<std::size_t>(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  for (const Profile& profile : profiles()) options.profiles.push_back(&profile);
  bool good = true;
  for (int i = 1; i < argc && good; ++i) {
    const std::string name = argv[i];
    if (read_flag(name, options)) continue;
    good = i + 1 < argc && read_value(name, argv[i + 1], options);
    ++i;
  }
  good = good && options.plan.flows >= 1 && options.seeds >= 1 && options.jobs >= 1 &&
         options.plan.seconds > options.plan.warmup;
  if (good) return options;
  std::fprintf(stderr, "%s", kUsage);
  return std::nullopt;
}

}  // namespace hawser::sim::sweep
