#include "daemon/config/engine_config.hpp"

#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon::config {
namespace {

TEST(EngineConfig, LetsOnlyAHubAcceptAssociations) {
  EXPECT_TRUE(endpoint_config(parse(hub_text())).accept);
  EXPECT_FALSE(endpoint_config(parse(edge_text())).accept);
}

TEST(EngineConfig, MakesAPeerWithAnEndpointOneThatThisEndConnectsTo) {
  const tunnel::TunnelConfig hub = tunnel_config(parse(hub_text()), 7);
  const tunnel::TunnelConfig edge = tunnel_config(parse(edge_text()), 7);
  ASSERT_EQ(hub.peers.size(), 1U);
  EXPECT_FALSE(hub.peers[0].dialled);
  EXPECT_TRUE(edge.peers.at(0).dialled);
  EXPECT_EQ(edge.peers[0].key, key_of(kHubKey).public_key());
  EXPECT_EQ(edge.hash_seed, 7U);
}

TEST(EngineConfig, FollowsTheMtuOfThePathsUnlessOneIsSet) {
  Config config = parse(edge_text());
  EXPECT_TRUE(tunnel_config(config, 1).follow_paths);
  config.interface.mtu = 1400;
  EXPECT_FALSE(tunnel_config(config, 1).follow_paths);
}

}  // namespace
}  // namespace hawser::daemon::config
