// Uplinks whose queues are filled by the traffic of the bond itself: a path that works must not fail.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// A line: rates in Mbit/s and the time that a packet waits in the full queue, in each direction.
struct Line {
  double up;
  double down;
  Duration queue;
};

/// Fixture that fills two equal lines in one direction or both.
class Saturated : public Scenario {
 protected:
  static UplinkSpec uplink_of(const Line& line) {
    UplinkSpec spec = uplink(line.up, 20ms);
    spec.down = uplink(line.down, 20ms).down;
    const auto seconds = std::chrono::duration<double>(line.queue).count();
    spec.up.queue_bytes = static_cast<std::size_t>(line.up * 1e6 / 8 * seconds);
    spec.down.queue_bytes = static_cast<std::size_t>(line.down * 1e6 / 8 * seconds);
    return spec;
  }

  static std::size_t failures(const Line& line, std::uint64_t seed, bool up, bool down) {
    BondSpec spec = bond_of({uplink_of(line), uplink_of(line)}, seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.sealed = true;
    Bond bond(spec);
    EXPECT_TRUE(bond.establish());
    EXPECT_TRUE(bond.add_all_paths());
    bond.run_for(1s);
    if (up) bond.edge_app().flood(1'300, 8);
    if (down) bond.hub_app().flood(1'300, 8);
    bond.edge_app().pump();
    bond.hub_app().pump();
    bond.run_for(15s);
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    return Bond::count(bond.edge_events(), Kind::path_down) + Bond::count(bond.hub_events(), Kind::path_down);
  }

  static void expect_no_failure(const std::vector<Line>& lines) {
    for (const Line& line : lines) {
      std::size_t count = 0;
      for (std::uint64_t seed = 1; seed <= 4; ++seed)
        count += failures(line, seed, true, false) + failures(line, seed, false, true) +
                 failures(line, seed, true, true);
      std::printf("%g/%g Mbit/s, queue %lld ms: %zu failures\n", line.down, line.up,
                  static_cast<long long>(line.queue / 1ms), count);
      EXPECT_EQ(count, 0U);
    }
  }
};

TEST_F(Saturated, SymmetricLinesNeverFail) {
  expect_no_failure({{1, 1, 100ms},
                     {1, 1, 1'000ms},
                     {4, 4, 60ms},
                     {4, 4, 300ms},
                     {8, 8, 60ms},
                     {8, 8, 100ms},
                     {20, 20, 100ms}});
}

TEST_F(Saturated, LinesWithASlowUplinkNeverFail) {
  expect_no_failure({{0.7, 8, 1'000ms}, {6, 9, 500ms}, {1, 16, 300ms}});
}

}  // namespace
}  // namespace hawser::sim
