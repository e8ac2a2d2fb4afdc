// A path that failed silently and returns: how soon it carries data again, and the cost of its failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

double ms(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

/// Fixture that measures failure and return of one of two paths.
class Return : public Scenario {
 protected:
  struct Times {
    double gap = 0;   ///< ms without a delivery after the failure
    double used = 0;  ///< ms from the return until the path carried a tenth of its rate
    double full = 0;  ///< ms until the bond carried nine tenths of both rates
  };

  static double rate_over(Bond& bond, const Link& link, Duration span) {
    const auto before = link.counters().bytes_delivered;
    bond.run_for(span);
    return static_cast<double>(link.counters().bytes_delivered - before) * 8 /
           std::chrono::duration<double>(span).count();
  }

  static Times cut_and_return(std::uint64_t seed, bool download, Duration outage) {
    BondSpec spec = bond_of({uplink(50, 20ms), uplink(50, 20ms)}, seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    Bond bond(spec);
    Application& sender = download ? bond.hub_app() : bond.edge_app();
    Application& receiver = download ? bond.edge_app() : bond.hub_app();
    sender.flood(1400, 1);
    EXPECT_TRUE(bond.establish());
    EXPECT_TRUE(bond.add_all_paths());
    bond.run_for(5s + std::chrono::milliseconds(seed * 37));
    receiver.reset_gap();
    bond.set_blackhole(1, true);
    bond.run_for(outage);
    Times times;
    times.gap = ms(receiver.longest_gap());
    // The dead path leaves more gaps than a SACK can report: the other path must not suffer from that.
    const auto healthy = download ? bond.hub_path(0) : bond.edge_path(0);
    EXPECT_TRUE(healthy && healthy->counters.timeouts == 0) << "seed " << seed;
    bond.set_blackhole(1, false);
    const Timestamp back = bond.world().now();
    const Link& link = download ? bond.down(1) : bond.up(1);
    while (times.used == 0 && bond.world().now() < back + 20s) {
      if (rate_over(bond, link, 20ms) > 5e6) times.used = ms(bond.world().now() - back);
    }
    while (times.full == 0 && bond.world().now() < back + 20s) {
      if (rate_over(bond, link, 100ms) > 40e6) times.full = ms(bond.world().now() - back);
    }
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    return times;
  }
};

TEST_F(Return, CarriesDataAgainWithinASecond) {
  for (const bool download : {false, true}) {
    std::vector<double> gaps;
    std::vector<double> used;
    std::vector<double> full;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Times times = cut_and_return(seed, download, 4s + std::chrono::milliseconds(seed * 53));
      gaps.push_back(times.gap);
      used.push_back(times.used);
      full.push_back(times.full);
    }
    for (auto* each : {&gaps, &used, &full}) std::ranges::sort(*each);
    std::printf("%s: gap %.0f, worst %.0f; used again %.0f, worst %.0f; full again %.0f, worst %.0f ms\n",
                download ? "down" : "up", gaps[5], gaps.back(), used[5], used.back(), full[5], full.back());
    EXPECT_LE(gaps.back(), 300);
    EXPECT_LE(used.back(), 1'000);
  }
}

}  // namespace
}  // namespace hawser::sim
