#include "sim/sweep/profiles.hpp"

#include <algorithm>

namespace hawser::sim::sweep {
namespace {

constexpr double kQueue = 100;   // ms
constexpr double kNoise = 0.05;  // ms
// What a policer lets pass at once, in ms at its rate.
constexpr double kPolicerBurst = 50;

Lines both(const Line& line) {
  return {line};
}

std::vector<Profile> make_profiles() {
  return {
      {"50_50", {both({50, 20}), both({50, 20})}},
      {"50_20", {both({50, 20}), both({20, 20})}},
      {"near_far", {both({50, 5}), both({50, 40})}},
      {"loss_1", {both({50, 20, 0, 1}), both({50, 20})}},
      {"100_100", {both({100, 20}), both({100, 20})}},
      {"300_100", {both({300, 10}), both({100, 20})}},
      {"lte_wifi", {both({50, 30, 2, 0, 400}), both({60, 5, 1, 1, 60})}},
      {"baseline", {both({50, 10}), both({50, 10})}},
      {"rtt_40", {both({50, 10}), both({50, 20})}},
      {"rtt_70", {both({50, 10}), both({50, 35})}},
      {"rtt_120", {both({50, 10}), both({50, 60})}},
      {"rtt_320", {both({50, 10}), both({50, 160})}},
      {"jit_5", {both({50, 10, 5}), both({50, 10, 5})}},
      {"jit_20", {both({50, 10, 20}), both({50, 10, 20})}},
      {"loss_05", {both({50, 10, 0, 0.5}), both({50, 10, 0, 0.5})}},
      {"loss_2", {both({50, 10, 0, 2}), both({50, 10, 0, 2})}},
      {"bw_4to1", {both({50, 10}), both({12, 10})}},
      {"bw_10to1", {both({100, 10}), both({10, 10})}},
      {"dual_lte", {both({40, 15, 5, 0.5}), both({25, 22.5, 8, 0.5})}},
      {"fiber_lte", {both({300, 4}), both({30, 20, 8, 0.5})}},
      {"lte_starlink", {both({40, 17.5, 8}), both({100, 25, 25, 1})}},
      {"lte_geo", {both({40, 17.5}), both({20, 160, 20, 0.5})}},
      {"congested", {both({20, 25, 20, 2}), both({15, 30, 25, 2})}},
      {"lte_deep", {both({30, 20, 0, 0, 1000}), both({20, 10})}},
      {"varying", {both({30, 20}), both({30, 30})}, false, true},
      {"four", {both({50, 10}), both({30, 30}), both({20, 50}), both({10, 80})}},
      {"policer", {both({100, 10, 0, 0, 0, 3}), both({6, 40, 10})}},
      {"asymmetric", {{{8, 20}, {0.7, 20, 0, 0, 1000}}, {{9, 20}, {6, 20, 0, 0, 1000}}}},
      // Beside the table: jitter that reorders, as of radio links with several carriers.
      {"jit_5_reorder", {both({50, 10, 5}), both({50, 10, 5})}, true},
      {"jit_20_reorder", {both({50, 10, 20}), both({50, 10, 20})}, true},
  };
}

LinkConfig config_of(const Line& line, bool reorders) {
  LinkConfig link;
  link.rate = static_cast<std::uint64_t>(line.rate * 1e6);
  link.delay = Duration(static_cast<Duration::rep>(line.delay * 1e6));
  // No real link and no scheduler is exact: without noise every seed meets the queues in the same phase.
  link.deviation = Duration(static_cast<Duration::rep>(std::max(line.deviation, kNoise) * 1e6));
  link.deviation_reorders = reorders;
  link.loss = line.loss / 100;
  link.queue_bytes = queue_bytes(line, line.rate * 1e6);
  link.policer_rate = static_cast<std::uint64_t>(line.policer * 1e6);
  link.policer_burst =
      std::max<std::size_t>(3000, static_cast<std::size_t>(line.policer * 125 * kPolicerBurst));
  link.mtu = 1500;
  return link;
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = make_profiles();
  return all;
}

const Profile* find_profile(std::string_view name) {
  const auto found = std::ranges::find(profiles(), name, &Profile::name);
  return found == profiles().end() ? nullptr : &*found;
}

std::size_t queue_bytes(const Line& line, double rate) {
  const double ms = line.queue != 0 ? line.queue : std::max(kQueue, 2 * line.delay);
  return static_cast<std::size_t>(rate / 8 / 1000 * ms);
}

const Line& line_of(const Lines& lines, bool download) {
  return download || lines.up.rate == 0 ? lines.down : lines.up;
}

double capacity_of(const Line& line) {
  return line.policer != 0 ? std::min(line.policer, line.rate) : line.rate;
}

UplinkSpec uplink_of(const Profile& profile, std::size_t link) {
  UplinkSpec spec;
  spec.down = config_of(line_of(profile.links[link], true), profile.reorders);
  spec.up = config_of(line_of(profile.links[link], false), profile.reorders);
  return spec;
}

}  // namespace hawser::sim::sweep
