// How an edge calls its hub: the race over uplinks and addresses, and what follows when nobody answers any
// more.
#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

TEST_F(NodeTest, StartsOverAnotherUplinkWhenTheFirstIsDead) {
  network.set_rewrite([](UdpAddress& source, UdpAddress& destination, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return source.ip != *dead && destination.ip != *dead;
  });
  start();
  run(10s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
}

TEST_F(NodeTest, CallsOnceWhenTheFirstCallIsAnswered) {
  std::size_t calls = 0;
  network.set_rewrite([&](UdpAddress&, UdpAddress&, Bytes payload) {
    if (payload[12] == std::byte{kInit}) ++calls;
    return true;
  });
  start();
  run(3s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(calls, 1U);
  EXPECT_EQ(hub.node.status(now).drops.engine.at("handshake_failed"), 0U);
}

TEST_F(NodeTest, RacesUplinksAndAddressesAndIsUpSoonWhenOneOfManyWorks) {
  Machine racer(network, edge_text("192.0.2.66:9899\", \"192.0.2.67:9899\", \"192.0.2.1:9899"), kEdgeKey,
                {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return from.ip != *dead && to.ip != *dead;
  });
  machines = {&hub, &racer};
  start();
  run(700ms);  // the last of six combinations is called after 500 ms
  EXPECT_EQ(peer_state(racer), "up");
  EXPECT_EQ(racer.node.status(now).associations.size(), 1U) << "the losers of the race are over";
}

TEST_F(NodeTest, JoinsOverTheAddressThatTheOtherUplinkReaches) {
  Machine torn(network, edge_text("192.0.2.66:9899\", \"192.0.2.1:9899"), kEdgeKey,
               {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  // Two addresses of one hub: eth0 reaches one of them, eth1 the other.
  const auto first = *IpAddress::parse("192.0.2.1");
  const auto second = *IpAddress::parse("192.0.2.66");
  const auto over_eth1 = *IpAddress::parse("203.0.113.1");
  network.set_rewrite([=](UdpAddress& from, UdpAddress& to, Bytes) {
    if (to.ip == first) return from.ip != over_eth1;
    if (to.ip == second) {
      to.ip = first;
      return from.ip == over_eth1;
    }
    if (to.ip == over_eth1) from.ip = second;
    return true;
  });
  machines = {&hub, &torn};
  start();
  run(5s);
  const auto mine = paths(torn);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine.at("lte").state, "active");
  EXPECT_EQ(mine.at("lte").remote, "192.0.2.1:9899");
  EXPECT_EQ(mine.at("dsl").state, "active");
  EXPECT_EQ(mine.at("dsl").remote, "192.0.2.66:9899");
}

TEST_F(NodeTest, CallsKnownAddressesWhileNamesAreNotFound) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  named.node.handle_addresses(now, 0, {*UdpAddress::parse("192.0.2.1:9899")});
  run(1s);
  ASSERT_EQ(peer_state(named), "up");
  hub.node.stop(now);  // a restart
  run(500ms);
  Machine again(network, hub_text(kEdgeKey, "192.0.2.2"), kHubKey, {}, 3);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    if (to.ip == *IpAddress::parse("192.0.2.1")) to.ip = *IpAddress::parse("192.0.2.2");
    if (from.ip == *IpAddress::parse("192.0.2.2")) from.ip = *IpAddress::parse("192.0.2.1");
    return true;
  });
  again.node.start(now);
  machines = {&again, &named};
  run(2s);  // nobody answers the question for the name
  EXPECT_EQ(named.host.asked.size(), 2U);
  EXPECT_EQ(peer_state(named), "up");
}

TEST_F(NodeTest, KeepsItsAssociationWhileNoInterfaceIsLeft) {
  start();
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  edge.host.unplug("eth0");
  edge.host.unplug("eth1");
  edge.node.handle_links_changed(now);
  run(60s);
  edge.host.plug("eth1", "203.0.113.9");
  edge.node.handle_links_changed(now);
  run(3s);
  ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.node.status(now).associations[0].id, first);
  EXPECT_EQ(paths(edge).size(), 1U);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
}

TEST_F(NodeTest, IsBackWithinFiveSecondsOfTheReturnOfItsHubWheneverThatIs) {
  start();
  run(2s);
  for (Duration away = 0s; away < 9s; away += 700ms) {
    const auto restarted = restart_hub(away);
    const Timestamp begin = now;
    while (peer_state(*restarted) != "up" && now < begin + 30s) run_with_traffic(100ms);
    EXPECT_LT(now - begin, 5s) << "after " << away / 1ms << " ms away";
    EXPECT_EQ(edge.node.status(now).associations.size(), 1U);
    EXPECT_TRUE(carries(edge, *restarted, packet(2, 1, 400)));
    run(2s);
    EXPECT_EQ(paths(edge).size(), 2U);
  }
}

/// A hub that can be killed, and an edge that has nothing to send.
class IdleEdge : public NodeTest {
 protected:
  IdleEdge() {
    machines = {&idle, mortal.get()};
    start();
    run(250s);  // until it asks once a minute
  }
  void restart_after(const std::function<void()>& leave) {
    leave();
    mortal.reset();
    machines = {&idle};
    run(3s);
    mortal = make_hub();
    machines.push_back(mortal.get());
    mortal->node.start(now);
    run(5s);
  }
  std::unique_ptr<Machine> make_hub() {
    return std::make_unique<Machine>(network, hub_text(kEdgeKey, "192.0.2.9"), kHubKey,
                                     std::map<std::string, std::string>{}, 7);
  }

  std::unique_ptr<Machine> mortal = make_hub();
  Machine idle{
      network, edge_text("192.0.2.9:9899"), kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 6};
};

TEST_F(IdleEdge, IsBackWithinFiveSecondsOfTheReturnOfAHubThatCrashed) {
  restart_after([] {});
  EXPECT_EQ(peer_state(*mortal), "up");
  EXPECT_EQ(paths(*mortal).size(), 2U);
  restart_after([] {});
  EXPECT_EQ(peer_state(*mortal), "up");
}

TEST_F(IdleEdge, FindsOutByItselfWhenTheHubHasForgottenWhereItIs) {
  restart_after([] { std::filesystem::remove_all(state_folder()); });
  EXPECT_NE(peer_state(*mortal), "up");
  run(60s);
  EXPECT_EQ(peer_state(*mortal), "up");
}

TEST_F(IdleEdge, IsGreetedOnlyIfItWasNotToldOfTheEnd) {
  std::size_t notices = 0;
  network.set_rewrite([&](UdpAddress&, UdpAddress&, Bytes payload) {
    if (payload[12] == std::byte{kPad}) ++notices;
    return true;
  });
  restart_after([this] {
    mortal->node.stop(now);
    while (!mortal->node.stopped()) run(5ms);
  });
  EXPECT_EQ(peer_state(*mortal), "up");
  EXPECT_EQ(notices, 0U);
  restart_after([] {});
  EXPECT_EQ(notices, 6U) << "three for each of two paths";
}

TEST_F(IdleEdge, AsksItsPathsOnlyNowAndThenHoweverOftenItIsGreeted) {
  TransmitBatch notice;
  network.set_rewrite([&](UdpAddress& from, UdpAddress& to, Bytes payload) {
    if (payload[12] != std::byte{kPad} || !notice.empty()) return true;
    notice.route = {SocketId(0), from.ip, to};
    std::ranges::copy(payload, notice.next(payload.size()).begin());
    notice.commit(payload.size());
    return true;
  });
  restart_after([] {});
  ASSERT_FALSE(notice.empty());
  run(250s);
  std::size_t from_edge = 0;
  network.set_rewrite([&](UdpAddress& from, UdpAddress& to, Bytes) {
    if (to.ip == *IpAddress::parse("192.0.2.9")) ++from_edge;
    if (from.ip == *IpAddress::parse("192.0.2.66")) from.ip = *IpAddress::parse("192.0.2.9");
    return true;
  });
  io::MemoryDatagramSocket forger(network, SocketId(0), *UdpAddress::parse("192.0.2.66:9899"));
  for (int i = 0; i < 1000; ++i) {
    forger.send(notice);
    run(10ms);
  }
  EXPECT_EQ(paths(idle).size(), 2U);
  EXPECT_EQ(paths(idle).at("lte").state, "active");
  EXPECT_GE(from_edge, 2U) << "the paths are asked";
  EXPECT_LE(from_edge, 8U) << "in ten seconds";
}

TEST_F(NodeTest, CallsBesideASilentAssociationAndKeepsItWhenAPathAnswersAfterAll) {
  start();
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  lose([](const Packet&) { return true; });
  run_with_traffic(30s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(edge.node.status(now).peers.at(0).association, first);
  bool called = false;
  for (int i = 0; i < 100 && !called; ++i) {
    run(50ms);
    called = edge.node.status(now).associations.size() == 2;
  }
  EXPECT_TRUE(called);
  EXPECT_EQ(edge.node.status(now).associations.back().state, "cookie_wait");
  lose([](const Packet& each) { return each.chunk == kInit; });
  run(4s);
  ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.node.status(now).associations[0].id, first);
  EXPECT_EQ(hub.node.status(now).peers.at(0).counters.at("associations"), 1U);
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

/// The hub takes a call for up only after the edge did, so that ending the call never costs both.
TEST_F(NodeTest, MayEndACallHoweverFarTheHubHasGotWithIt) {
  start();
  std::uint32_t old_tag = 0;
  lose([&](const Packet& each) {
    if (each.from_hub && each.chunk == kSealed) old_tag = each.tag;
    return false;
  });
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  lose([](const Packet&) { return true; });
  run_with_traffic(3s);
  // The handshake comes to its end but for the first sealed packet; no HEARTBEAT passes either.
  lose([](const Packet& each) { return each.chunk == kSealed; });
  const auto called = [&] {
    const auto associations = edge.node.status(now).associations;
    return associations.size() > 1 && associations.back().state == "established";
  };
  for (int i = 0; i < 1000 && !called(); ++i) run(5ms);
  run(1s);
  ASSERT_GE(edge.node.status(now).associations.size(), 2U);
  lose([&](const Packet& each) { return each.from_hub && each.chunk == kSealed && each.tag != old_tag; });
  run(3s);
  ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.node.status(now).associations[0].id, first);
  EXPECT_EQ(hub.node.status(now).peers.at(0).counters.at("replaced"), 0U);
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

TEST_F(NodeTest, DoesNotCallAgainWhileAnyPathAnswers) {
  start();
  run(2s);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return from.ip != *dead && to.ip != *dead;
  });
  for (int i = 0; i < 100; ++i) {
    run_with_traffic(100ms);
    ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  }
}

TEST_F(NodeTest, StaysDownWhenTheHubDoesNotKnowItsKey) {
  Machine stranger(network, edge_text(), kOtherKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&hub, &stranger};
  start();
  run(20s);
  EXPECT_NE(peer_state(stranger), "up");
  EXPECT_EQ(peer_state(hub), "down");
  EXPECT_TRUE(hub.node.status(now).associations.empty());
  EXPECT_GT(hub.node.status(now).drops.engine.at("handshake_failed"), 1U);
}

TEST_F(NodeTest, HearsNothingFromAHubWhoseKeyItDoesNotKnow) {
  std::size_t answers = 0;
  network.set_rewrite([&](UdpAddress& from, UdpAddress&, Bytes) {
    if (from.ip == *IpAddress::parse("192.0.2.1")) ++answers;
    return true;
  });
  Machine wrong(network, edge_text("192.0.2.1:9899", kOtherKey), kEdgeKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&hub, &wrong};
  start();
  run(20s);
  EXPECT_NE(peer_state(wrong), "up");
  EXPECT_EQ(answers, 0U);
  EXPECT_GT(hub.node.status(now).drops.engine.at("no_access"), 5U);
}

TEST_F(NodeTest, RefusesACallFromAPeerThatIsItsOwnToCall) {
  std::string text = hub_text();
  text += "endpoint = [\"198.51.100.99:1\"]\n";
  text.replace(text.find("192.0.2.1"), 9, "192.0.2.3");
  Machine race(network, text, kHubKey, {{"eth0", "192.0.2.8"}}, 5);
  Machine called(network, edge_text("192.0.2.3:9899"), kEdgeKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&race, &called};
  start();
  run(5s);
  EXPECT_NE(peer_state(called), "up");
  EXPECT_GT(race.node.status(now).drops.tunnel.at("wrong_caller"), 0U);
}

TEST_F(NodeTest, AsksForAddressesOfNamesAndCallsThem) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  EXPECT_EQ(named.host.asked, std::vector<tunnel::PeerIndex>{0});
  named.node.handle_addresses(now, 0, {*UdpAddress::parse("192.0.2.1:9899")});
  run(1s);
  EXPECT_EQ(peer_state(named), "up");
}

TEST_F(NodeTest, AsksAgainWhenANameHasNoAddress) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&named};
  start();
  named.node.handle_addresses(now, 0, {});
  run(1500ms);
  EXPECT_EQ(named.host.asked.size(), 2U);
}

}  // namespace
}  // namespace hawser::daemon
