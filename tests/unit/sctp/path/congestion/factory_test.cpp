#include "sctp/path/congestion/factory.hpp"

#include <gtest/gtest.h>

#include "hawser/sctp/status.hpp"
#include "unit/sctp/support/congestion_support.hpp"
#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

TEST(CongestionControlNames, AreThoseOfTheConfiguration) {
  EXPECT_EQ(to_string(CongestionControl::model), "bbr");
  EXPECT_EQ(to_string(CongestionControl::cubic), "cubic");
  EXPECT_EQ(to_string(CongestionControl::new_reno), "newreno");
  EXPECT_EQ(to_string(CongestionControl::coupled), "coupled");
}

TEST(CongestionControlOfAPath, IsThatOfTheEndpointUntilAnotherOneIsChosen) {
  EndpointConfig config;
  config.congestion = CongestionControl::coupled;
  PathTable paths(config);
  Path& path = test::add_active(paths, 1, 50ms);
  EXPECT_EQ(path.algorithm, CongestionControl::coupled);
  path.control_congestion_by(CongestionControl::new_reno);
  EXPECT_EQ(path.algorithm, CongestionControl::new_reno);
  EXPECT_EQ(path.congestion->cwnd(),
            make_controller(CongestionControl::new_reno, path.pmtu.payload(), 1, path.coupling)->cwnd());
  EXPECT_EQ(path.congestion->ssthresh(), test::kPeerWindow) << "that of its predecessor";
  EXPECT_GT(path.pacing_rate(), 0) << "the round trip is known";
}

TEST(CongestionControlOfAPath, StaysWhenItIsChosenAgain) {
  EndpointConfig config;
  PathTable paths(config);
  Path& path = test::add_active(paths, 1, 50ms);
  path.congestion->on_timeout();
  const std::size_t cwnd = path.congestion->cwnd();
  path.control_congestion_by(config.congestion);
  EXPECT_EQ(path.congestion->cwnd(), cwnd);
}

TEST(CongestionControlOfAPath, IsKeptWhenThePathMovesToAnotherNetwork) {
  EndpointConfig config;
  PathTable paths(config);
  Path& path = test::add_active(paths, 1, 50ms);
  path.control_congestion_by(CongestionControl::coupled);
  path.restart(config, test::kPeerWindow);
  EXPECT_EQ(path.algorithm, CongestionControl::coupled);
}

}  // namespace
}  // namespace hawser::sctp::path
