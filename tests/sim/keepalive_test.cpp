// Idle paths behind NATs whose mappings expire: how often heartbeats keep them open, and at what cost.
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture that measures an idle hour.
class Keepalive : public Scenario {
 protected:
  struct Hour {
    double unreachable = 0;  ///< the share of checks in which the hub could not reach the edge
    double bytes = 0;        ///< IP packets in both directions
  };

  /// Measures an idle hour on one uplink, after half an hour for the keepalive to adapt.
  static Hour idle(Duration expiry, std::uint64_t seed) {
    BondSpec spec = bond_of({uplink(50, 20ms)}, seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.sealed = true;
    spec.uplinks[0].nat = NatConfig{.idle_timeout = expiry};
    Bond bond(spec);
    EXPECT_TRUE(bond.establish());
    bond.run_for(30min);
    const auto bytes = [&] {
      return static_cast<double>(bond.up(0).counters().bytes_delivered +
                                 bond.down(0).counters().bytes_delivered);
    };
    Hour hour;
    const double before = bytes();
    for (int check = 0; check < 360; ++check) {
      bond.run_for(10s);
      const auto path = bond.hub_path(0);
      const bool reachable =
          path && bond.nat(0).inbound(bond.world().now(), path->route.remote.port, bond.hub_address(0));
      hour.unreachable += reachable ? 0 : 1.0 / 360;
    }
    hour.bytes = bytes() - before;
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    return hour;
  }
};

TEST_F(Keepalive, KeepsTheMappingOpenAndCostsLittle) {
  for (const Duration expiry : {Duration(15s), Duration(30s), Duration(60s), Duration(300s)}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Hour hour = idle(expiry, seed);
      if (seed == 1)
        std::printf("mappings expire after %.0f s: unreachable %.1f %% of an idle hour, %.2f MB a day\n",
                    std::chrono::duration<double>(expiry).count(), 100 * hour.unreachable,
                    hour.bytes * 24e-6);
      EXPECT_LT(hour.unreachable, 0.01) << "seed " << seed;
      EXPECT_LT(hour.bytes * 24, 3e6) << "a day, seed " << seed;
    }
  }
}

}  // namespace
}  // namespace hawser::sim
