// Peers that come, go and change while the service runs.
#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

constexpr unsigned kThirdKey = 4;

class ReloadTest : public TunnelServiceTest {
 protected:
  /// The hub with this edge and a second one.
  static std::string two_edges(unsigned second = kOtherKey) {
    return hub_text() + "[[peer]]\nname = \"edge2\"\nallowed_ips = [\"10.0.0.3/32\"]\npublic_key = \"" +
           key_of(second).public_key().to_base64() + "\"\n";
  }
  static std::vector<sctp::ProtectedPeer> keys_of(const config::Config& config) {
    std::vector<sctp::ProtectedPeer> out;
    for (const config::PeerConfig& peer : config.peers) out.push_back({*peer.public_key, {}});
    return out;
  }
  static crypto::PresharedKey preshared(unsigned number) {
    return *crypto::PresharedKey::from_base64(number == 1 ? "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
                                                          : "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=");
  }
  config::Changes apply(Machine& machine, const std::string& text) {
    const config::Config fresh = parse(text);
    config::Changes changes = config::compare(machine.service.config(), fresh);
    machine.service.set_peers(now, changes, keys_of(fresh));
    return changes;
  }
  [[nodiscard]] std::vector<control::Association> associations(const Machine& machine) const {
    return machine.service.status(now).associations;
  }

  Machine edge2{network,
                [] {
                  std::string text = edge_text();
                  text.replace(text.find("10.0.0.2/24"), 11, "10.0.0.3/24");
                  return text;
                }(),
                kOtherKey,
                {{"eth0", "198.51.100.2"}, {"eth1", "203.0.113.2"}},
                7};
};

TEST_F(ReloadTest, ARemovedPeerIsAbortedAndRefusedAndTheOtherGoesOn) {
  Machine both(network, two_edges(), kHubKey, {}, 5);
  machines = {&both, &edge, &edge2};
  start();
  run(3s);
  ASSERT_EQ(associations(both).size(), 2U);
  const auto kept = paths(edge).at("lte");

  apply(both, hub_text());
  run(200ms);
  ASSERT_EQ(associations(both).size(), 1U);
  EXPECT_EQ(associations(both)[0].peer, "edge1");
  EXPECT_EQ(both.service.status(now).peers.size(), 1U);
  EXPECT_NE(peer_state(edge2), "up");
  run(20s);
  EXPECT_NE(peer_state(edge2), "up");
  EXPECT_EQ(associations(both).size(), 1U);
  EXPECT_EQ(paths(edge).at("lte").local, kept.local);
  EXPECT_EQ(edge.service.status(now).peers.at(0).counters.at("associations"), 1U)
      << "the other association is the first one";
  both.device.inject(packet(1, 3));
  run(100ms);
  EXPECT_GT(both.service.status(now).drops.tunnel.at("no_peer"), 0U);

  apply(both, two_edges());
  run(3s);
  EXPECT_EQ(peer_state(edge2), "up");
  EXPECT_TRUE(carries(edge2, both, packet(3, 1)));
  EXPECT_TRUE(carries(both, edge2, packet(1, 3)));
}

TEST_F(ReloadTest, HooksSeeTheEndOfARemovedPeerUnderItsNameAndTheNextOneInItsPosition) {
  Machine both(network, two_edges(kThirdKey), kHubKey, {}, 5);
  machines = {&both, &edge};
  start();
  run(2s);
  both.platform.announced.clear();
  // edge1 goes, and edge2 has the key of the machine that waits.
  std::string text = two_edges(kOtherKey);
  const std::size_t first = text.find("[[peer]]");
  text.erase(first, text.find("[[peer]]", first + 1) - first);
  apply(both, text);
  run(100ms);
  ASSERT_FALSE(both.platform.announced.empty());
  const HookEvent& last = both.platform.announced.back();
  EXPECT_EQ(last.name, "tunnel-down");
  EXPECT_NE(std::ranges::find(last.facts, std::pair<std::string, std::string>("HAWSER_PEER", "edge1")),
            last.facts.end());
  machines.push_back(&edge2);
  edge2.service.start(now);
  run(2s);
  EXPECT_EQ(peer_state(edge2), "up");
  EXPECT_EQ(both.platform.announced.back().name, "path-up");
}

TEST_F(ReloadTest, AnotherPresharedKeyEndsTheAssociationAndIsRequiredFromThenOn) {
  start();
  run(2s);
  ASSERT_EQ(peer_state(edge), "up");
  const auto set = [this](Machine& machine, unsigned peer, unsigned number) {
    std::vector<sctp::ProtectedPeer> keys;
    keys.push_back({key_of(peer).public_key(), preshared(number)});
    machine.service.set_peers(now, config::compare(machine.service.config(), machine.service.config()),
                              std::move(keys));
  };
  set(hub, kEdgeKey, 1);
  run(10s);
  EXPECT_NE(peer_state(edge), "up");
  set(edge, kHubKey, 2);
  run(10s);
  EXPECT_NE(peer_state(edge), "up");
  set(edge, kHubKey, 1);
  run(5s);
  EXPECT_EQ(peer_state(edge), "up");
  set(hub, kEdgeKey, 1);  // the same key
  run(1s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(hub.service.status(now).peers.at(0).counters.at("associations"), 2U);
}

TEST_F(ReloadTest, AnEdgeThatGetsAnotherKeyOfItsHubConnectsAgain) {
  Machine other(network, hub_text(kEdgeKey, "192.0.2.7"), kOtherKey, {}, 5);
  machines = {&hub, &edge, &other};
  start();
  run(2s);
  const config::Changes changes = apply(edge, edge_text("192.0.2.7:9899", kOtherKey));
  EXPECT_EQ(changes.report.size(), 2U);
  EXPECT_TRUE(changes.needs_restart.empty());
  run(3s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(peer_state(other), "up");
  EXPECT_TRUE(associations(hub).empty());
}

TEST_F(ReloadTest, AHandshakeWithAPeerThatIsRemovedMeanwhileComesToNothing) {
  machines = {&hub, &edge};
  start();
  lose([](const Packet& each) { return each.chunk == kSealed; });  // the edge never confirms its keys
  run(200ms);
  lose([](const Packet&) { return false; });
  hub.service.set_peers(
      now,
      config::compare(hub.service.config(),
                      config::Config{hub.service.config().file, hub.service.config().interface, {}, {}, {}}),
      {});
  run(15s);
  EXPECT_TRUE(associations(hub).empty());
  EXPECT_NE(peer_state(edge), "up");
}

}  // namespace
}  // namespace hawser::daemon
