// A tunnel service as a whole: traffic, hook events, status and stop.
#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

TEST_F(TunnelServiceTest, BondsTwoUplinksIntoOneAssociation) {
  start();
  run(2s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(peer_state(hub), "up");
  const auto mine = paths(edge);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine.at("lte").state, "active");
  EXPECT_EQ(mine.at("dsl").state, "active");
  EXPECT_EQ(mine.at("dsl").interface, "eth1");
  const auto seen = paths(hub);
  EXPECT_TRUE(seen.contains("198.51.100.1:40000"));
  EXPECT_TRUE(seen.contains("203.0.113.1:40001"));
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  EXPECT_TRUE(carries(hub, edge, packet(1, 2)));
}

// Names of the announced hook events in order, those of paths with their label.
std::vector<std::string> published_events(Machine& machine) {
  std::vector<std::string> out;
  for (const HookEvent& event : machine.platform.announced) {
    out.push_back(event.name);
    for (const auto& [name, value] : event.facts) {
      if (name == "HAWSER_PATH_LABEL" && !value.empty()) out.back() += " " + value;
    }
  }
  machine.platform.announced.clear();
  return out;
}
std::string fact(const HookEvent& event, const std::string& name) {
  for (const auto& [key, value] : event.facts) {
    if (key == name) return value;
  }
  return "none";
}

TEST_F(TunnelServiceTest, AnnouncesTunnelsAndPathsToHooksInPairs) {
  start();
  run(2s);
  ASSERT_EQ(edge.platform.announced.size(), 3U);
  const HookEvent up = edge.platform.announced[0];
  EXPECT_EQ(fact(up, "HAWSER_INTERFACE"), "hw0");
  EXPECT_EQ(fact(up, "HAWSER_PEER"), "hub");
  EXPECT_EQ(fact(up, "HAWSER_PEER_KEY"), key_of(kHubKey).public_key().to_base64());
  const HookEvent path = edge.platform.announced[1];
  EXPECT_EQ(fact(path, "HAWSER_PATH_INTERFACE"), "eth0");
  EXPECT_EQ(fact(path, "HAWSER_REMOTE"), "192.0.2.1:9899");
  EXPECT_EQ(published_events(edge), (std::vector<std::string>{"tunnel-up", "path-up lte", "path-up dsl"}));
  EXPECT_EQ(published_events(hub), (std::vector<std::string>{"tunnel-up", "path-up", "path-up"}));
  lose([](const Packet&) { return true; });
  run_with_traffic(2s);
  lose([](const Packet&) { return false; });
  run_with_traffic(3s);
  std::map<std::string, std::vector<std::string>> outage;  // by label
  for (const std::string& each : published_events(edge))
    outage[each.substr(each.find(' ') + 1)].push_back(each);
  EXPECT_EQ(outage.size(), 2U);
  for (const auto& [label, events] : outage) {
    EXPECT_EQ(events.size() % 2, 0U);
    for (std::size_t i = 0; i < events.size(); ++i)
      EXPECT_EQ(events[i], (i % 2 == 0 ? "path-down " : "path-up ") + label);
  }
  published_events(hub);
  edge.service.stop(now);
  run(1s);
  EXPECT_EQ(published_events(edge),
            (std::vector<std::string>{"path-down lte", "path-down dsl", "tunnel-down"}));
  EXPECT_EQ(published_events(hub), (std::vector<std::string>{"path-down", "path-down", "tunnel-down"}));
}

TEST_F(TunnelServiceTest, AnnouncesToHooksThatAPathMovedAndFromWhere) {
  start();
  run(2s);
  const std::string before = fact(hub.platform.announced.at(1), "HAWSER_REMOTE");
  published_events(hub);
  const auto original = *UdpAddress::parse(before);
  const UdpAddress rebound{original.ip, static_cast<std::uint16_t>(original.port + 1000)};
  network.set_rewrite([&](UdpAddress& from, UdpAddress& to, Bytes) {
    if (from == original) from = rebound;
    if (to == rebound) to = original;
    return true;
  });
  run_with_traffic(3s);
  ASSERT_EQ(hub.platform.announced.size(), 1U);
  const HookEvent& moved = hub.platform.announced[0];
  EXPECT_EQ(moved.name, "path-moved");
  EXPECT_EQ(fact(moved, "HAWSER_OLD_REMOTE"), before);
  EXPECT_EQ(fact(moved, "HAWSER_REMOTE"), rebound.to_string());
  EXPECT_EQ(fact(moved, "HAWSER_PEER"), "edge1");
}

TEST_F(TunnelServiceTest, AcknowledgesBeforeItWritesToTheDevice) {
  start();
  run(1s);
  std::optional<std::uint64_t> written;  // packets of the device when the hub sends
  network.set_rewrite([&](UdpAddress& from, UdpAddress&, Bytes) {
    if (from.port == 9899 && !written) written = hub.device.counters().tx_packets;
    return true;
  });
  const std::uint64_t before = hub.device.counters().tx_packets;
  for (int i = 0; i < 20; ++i) edge.device.inject(packet(2, 1));
  edge.service.handle_device(now);
  now += 5ms;
  for (const SocketId id : std::set(hub.platform.watched)) hub.service.handle_socket(now, id);
  EXPECT_GT(hub.device.counters().tx_packets, before);
  EXPECT_EQ(written, before);
}

TEST_F(TunnelServiceTest, ShutsItsAssociationsDownWhenStopped) {
  start();
  run(2s);
  edge.service.stop(now);
  run(1s);
  EXPECT_TRUE(edge.service.stopped());
  EXPECT_EQ(peer_state(hub), "down");
  EXPECT_TRUE(hub.service.status(now).associations.empty());
}

TEST_F(TunnelServiceTest, StopsWithinThreeSecondsWithoutAnAnswer) {
  start();
  run(2s);
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes) { return false; });
  edge.service.stop(now);
  run(2900ms);
  EXPECT_FALSE(edge.service.stopped());
  run(200ms);
  EXPECT_TRUE(edge.service.stopped());
}

TEST_F(TunnelServiceTest, StopsImmediatelyWhenNothingIsConnectedOrWhenStoppedTwice) {
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes) { return false; });
  start();
  run(1s);
  edge.service.stop(now);
  EXPECT_TRUE(edge.service.stopped());
  hub.service.stop(now);
  hub.service.stop(now);
  EXPECT_TRUE(hub.service.stopped());
}

TEST_F(TunnelServiceTest, ReportsRatesAndCounters) {
  start();
  run(2s);
  for (int i = 0; i < 200; ++i) {
    for (int n = 0; n < 10; ++n) edge.device.inject(packet(2, 1));
    run(10ms);
  }
  double tx = 0;
  for (const auto& [label, path] : paths(edge)) tx += path.tx_mbps;
  EXPECT_NEAR(tx, 8.4, 1.5);  // 10 kB in 10 ms and overhead
  const control::Status status = edge.service.status(now);
  EXPECT_EQ(status.interface.counters.at("rx_packets"), 2000U);
  EXPECT_EQ(status.peers.at(0).counters.at("tx_packets"), 2000U);
  EXPECT_EQ(status.drops.engine.size(), sctp::kDropReasons);
}

TEST_F(TunnelServiceTest, ShowsKeysAndTheirAges) {
  start();
  run(3s);
  const control::Status mine = edge.service.status(now);
  EXPECT_EQ(mine.public_key, key_of(kEdgeKey).public_key().to_base64());
  EXPECT_EQ(mine.peers.at(0).public_key, key_of(kHubKey).public_key().to_base64());
  ASSERT_TRUE(mine.associations.at(0).protection);
  const control::Security& protection = *mine.associations[0].protection;
  EXPECT_EQ(protection.cipher, "aes-128-gcm");
  EXPECT_EQ(protection.epoch, 0U);
  EXPECT_EQ(protection.handshakes, 1U);
  EXPECT_NEAR(protection.keys_age_s, 3, 0.5);
  EXPECT_NEAR(protection.last_handshake_age_s, 3, 0.5);
}

}  // namespace
}  // namespace hawser::daemon
