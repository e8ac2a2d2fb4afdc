// How an edge connects to its hub: the race over uplinks and addresses, and connecting again after silence.
#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

TEST_F(TunnelServiceTest, StartsOverAnotherUplinkWhenTheFirstIsDead) {
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

TEST_F(TunnelServiceTest, MakesOneAttemptWhenTheFirstIsAnswered) {
  std::size_t attempts = 0;
  network.set_rewrite([&](UdpAddress&, UdpAddress&, Bytes payload) {
    if (payload[12] == std::byte{kInit}) ++attempts;
    return true;
  });
  start();
  run(3s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(attempts, 1U);
  EXPECT_EQ(hub.service.status(now).drops.engine.at("handshake_failed"), 0U);
}

TEST_F(TunnelServiceTest, RacesUplinksAndAddressesAndIsUpSoonWhenOneOfManyWorks) {
  Machine racer(network, edge_text("192.0.2.66:9899\", \"192.0.2.67:9899\", \"192.0.2.1:9899"), kEdgeKey,
                {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return from.ip != *dead && to.ip != *dead;
  });
  machines = {&hub, &racer};
  start();
  run(700ms);  // the last of six attempts starts after 500 ms
  EXPECT_EQ(peer_state(racer), "up");
  EXPECT_EQ(racer.service.status(now).associations.size(), 1U) << "the other attempts are aborted";
}

TEST_F(TunnelServiceTest, JoinsOverTheAddressThatTheOtherUplinkReaches) {
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

TEST_F(TunnelServiceTest, TriesKnownAddressesWhileNamesAreNotResolved) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  named.service.handle_name_answer(now, answer_of(named.platform, {"192.0.2.1"}));
  run(1s);
  ASSERT_EQ(peer_state(named), "up");
  const std::size_t asked = named.platform.questions.size();
  hub.service.stop(now);  // a restart
  run(500ms);
  Machine again(network, hub_text(kEdgeKey, "192.0.2.2"), kHubKey, {}, 3);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    if (to.ip == *IpAddress::parse("192.0.2.1")) to.ip = *IpAddress::parse("192.0.2.2");
    if (from.ip == *IpAddress::parse("192.0.2.2")) from.ip = *IpAddress::parse("192.0.2.1");
    return true;
  });
  again.service.start(now);
  machines = {&again, &named};
  run(2s);  // the name is not resolved
  EXPECT_GT(named.platform.questions.size(), asked);
  EXPECT_EQ(peer_state(named), "up");
}

TEST_F(TunnelServiceTest, KeepsItsAssociationWhileNoInterfaceIsLeft) {
  start();
  run(2s);
  const auto first = edge.service.status(now).associations.at(0).id;
  edge.platform.unplug("eth0");
  edge.platform.unplug("eth1");
  edge.service.handle_links_changed(now);
  run(60s);
  edge.platform.plug("eth1", "203.0.113.9");
  edge.service.handle_links_changed(now);
  run(3s);
  ASSERT_EQ(edge.service.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.service.status(now).associations[0].id, first);
  EXPECT_EQ(paths(edge).size(), 1U);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
}

TEST_F(TunnelServiceTest, IsBackWithinFiveSecondsOfTheReturnOfItsHubWheneverThatIs) {
  start();
  run(2s);
  for (Duration away = 0s; away < 9s; away += 700ms) {
    const auto restarted = restart_hub(away);
    const Timestamp begin = now;
    while (peer_state(*restarted) != "up" && now < begin + 30s) run_with_traffic(100ms);
    EXPECT_LT(now - begin, 5s) << "after " << away / 1ms << " ms away";
    EXPECT_EQ(edge.service.status(now).associations.size(), 1U);
    run(300ms);
    EXPECT_LE(restarted->device.take_written().size(), 11U);  // those that had waited for at most a second
    EXPECT_TRUE(carries(edge, *restarted, packet(2, 1, 400)));
    run(2s);
    EXPECT_EQ(paths(edge).size(), 2U);
  }
}

// A hub that can be killed, and an edge without traffic.
class IdleEdge : public TunnelServiceTest {
 protected:
  IdleEdge() {
    machines = {&idle, crashing.get()};
    start();
    run(250s);  // until its keepalives are a minute apart
  }
  void restart_after(const std::function<void()>& leave) {
    leave();
    crashing.reset();
    machines = {&idle};
    run(3s);
    crashing = make_hub();
    machines.push_back(crashing.get());
    crashing->service.start(now);
    run(5s);
  }
  std::unique_ptr<Machine> make_hub() {
    return std::make_unique<Machine>(network, hub_text(kEdgeKey, "192.0.2.9"), kHubKey,
                                     std::map<std::string, std::string>{}, 7);
  }

  std::unique_ptr<Machine> crashing = make_hub();
  Machine idle{
      network, edge_text("192.0.2.9:9899"), kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 6};
};

TEST_F(IdleEdge, IsBackWithinFiveSecondsOfTheReturnOfAHubThatCrashed) {
  restart_after([] {});
  EXPECT_EQ(peer_state(*crashing), "up");
  EXPECT_EQ(paths(*crashing).size(), 2U);
  restart_after([] {});
  EXPECT_EQ(peer_state(*crashing), "up");
}

TEST_F(IdleEdge, NoticesTheRestartByItselfWhenTheHubHasLostItsLocation) {
  restart_after([] { std::filesystem::remove_all(state_folder()); });
  EXPECT_NE(peer_state(*crashing), "up");
  run(60s);
  EXPECT_EQ(peer_state(*crashing), "up");
}

TEST_F(IdleEdge, GetsRestartNoticesOnlyWithoutAShutdown) {
  std::size_t notices = 0;
  network.set_rewrite([&](UdpAddress&, UdpAddress&, Bytes payload) {
    if (payload[12] == std::byte{kPad}) ++notices;
    return true;
  });
  restart_after([this] {
    crashing->service.stop(now);
    while (!crashing->service.stopped()) run(5ms);
  });
  EXPECT_EQ(peer_state(*crashing), "up");
  EXPECT_EQ(notices, 0U);
  restart_after([] {});
  EXPECT_EQ(notices, 6U) << "three for each of two paths";
}

TEST_F(IdleEdge, ProbesItsPathsRarelyEvenForManyRestartNotices) {
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
  EXPECT_GE(from_edge, 2U) << "the paths are probed";
  EXPECT_LE(from_edge, 8U) << "in ten seconds";
}

TEST_F(TunnelServiceTest, ConnectsAgainDuringSilenceAndKeepsTheAssociationWhenAPathIsBackFirst) {
  start();
  run(2s);
  const auto first = edge.service.status(now).associations.at(0).id;
  lose([](const Packet&) { return true; });
  run_with_traffic(30s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(edge.service.status(now).peers.at(0).association, first);
  bool connecting_again = false;
  for (int i = 0; i < 100 && !connecting_again; ++i) {
    run(50ms);
    connecting_again = edge.service.status(now).associations.size() >= 2;
  }
  EXPECT_TRUE(connecting_again);
  EXPECT_EQ(edge.service.status(now).associations.back().state, "cookie_wait");
  lose([](const Packet& each) { return each.chunk == kInit; });
  run(4s);
  ASSERT_EQ(edge.service.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.service.status(now).associations[0].id, first);
  EXPECT_EQ(hub.service.status(now).peers.at(0).counters.at("associations"), 1U);
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

// An association is up at the hub only after it was up at the edge, so that ending an attempt never ends the
// older association.
TEST_F(TunnelServiceTest, MayEndAnAttemptInAnyStateThatItHasAtTheHub) {
  start();
  std::uint32_t old_tag = 0;
  lose([&](const Packet& each) {
    if (each.from_hub && each.chunk == kSealed) old_tag = each.tag;
    return false;
  });
  run(2s);
  const auto first = edge.service.status(now).associations.at(0).id;
  lose([](const Packet&) { return true; });
  run_with_traffic(3s);
  // The handshake completes except for its first sealed packet; HEARTBEATs are lost, too.
  lose([](const Packet& each) { return each.chunk == kSealed; });
  const auto is_established_at_the_edge = [&] {
    const auto associations = edge.service.status(now).associations;
    return associations.size() > 1 && associations.back().state == "established";
  };
  for (int i = 0; i < 1000 && !is_established_at_the_edge(); ++i) run(5ms);
  run(1s);
  ASSERT_GE(edge.service.status(now).associations.size(), 2U);
  lose([&](const Packet& each) { return each.from_hub && each.chunk == kSealed && each.tag != old_tag; });
  run(3s);
  ASSERT_EQ(edge.service.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.service.status(now).associations[0].id, first);
  EXPECT_EQ(hub.service.status(now).peers.at(0).counters.at("replaced"), 0U);
  run(5s);  // the longest RTO, after which the traffic of the outage is sent again
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

TEST_F(TunnelServiceTest, DoesNotConnectAgainWhileAnyPathIsActive) {
  start();
  run(2s);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return from.ip != *dead && to.ip != *dead;
  });
  for (int i = 0; i < 100; ++i) {
    run_with_traffic(100ms);
    ASSERT_EQ(edge.service.status(now).associations.size(), 1U);
  }
}

TEST_F(TunnelServiceTest, StaysDownWhenTheHubDoesNotKnowItsKey) {
  Machine unknown(network, edge_text(), kOtherKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&hub, &unknown};
  start();
  run(20s);
  EXPECT_NE(peer_state(unknown), "up");
  EXPECT_EQ(peer_state(hub), "down");
  EXPECT_TRUE(hub.service.status(now).associations.empty());
  EXPECT_GT(hub.service.status(now).drops.engine.at("handshake_failed"), 1U);
}

TEST_F(TunnelServiceTest, GetsNoAnswerFromAHubWhoseKeyItDoesNotKnow) {
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
  EXPECT_GT(hub.service.status(now).drops.engine.at("no_access"), 5U);
}

TEST_F(TunnelServiceTest, RejectsAnAssociationFromAPeerThatHasAnEndpoint) {
  std::string text = hub_text();
  text += "endpoint = [\"198.51.100.99:1\"]\n";
  text.replace(text.find("192.0.2.1"), 9, "192.0.2.3");
  Machine initiator(network, text, kHubKey, {{"eth0", "192.0.2.8"}}, 5);
  Machine other(network, edge_text("192.0.2.3:9899"), kEdgeKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&initiator, &other};
  start();
  run(5s);
  EXPECT_NE(peer_state(other), "up");
  EXPECT_GT(initiator.service.status(now).drops.tunnel.at("wrong_caller"), 0U);
}

TEST_F(TunnelServiceTest, ResolvesNamesAndConnectsToTheirAddresses) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  ASSERT_EQ(named.platform.questions.size(), 1U);
  EXPECT_EQ(named.platform.questions[0].host, "hub.example");
  EXPECT_EQ(named.platform.questions[0].interfaces, std::vector{NameInterface{"eth0"}});
  named.service.handle_name_answer(now, answer_of(named.platform, {"192.0.2.1"}));
  run(1s);
  EXPECT_EQ(peer_state(named), "up");
  run(60s);
  EXPECT_EQ(named.platform.questions.size(), 1U) << "a connected peer needs no name";
}

TEST_F(TunnelServiceTest, StatesWhyItWaitsForAName) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&named};
  start();
  EXPECT_EQ(peer_state(named), "resolving");
  named.service.handle_name_answer(now, answer_of(named.platform, {}));
  EXPECT_EQ(peer_state(named), "waiting");
  EXPECT_EQ(named.service.status(now).peers.at(0).reason,
            "cannot resolve hub.example: server failure (192.0.2.53)");
}

TEST_F(TunnelServiceTest, StatesSinceWhenAPeerThatIsUpHasNoPath) {
  start();
  run(2s);
  ASSERT_EQ(edge.service.status(now).peers.at(0).reason, "");
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes) { return false; });
  run_with_traffic(10s);
  EXPECT_EQ(peer_state(edge), "up");
  const std::string reason = edge.service.status(now).peers.at(0).reason;
  EXPECT_TRUE(reason.starts_with("no path since ")) << reason;
}

TEST_F(TunnelServiceTest, CallsTheAddressesOfThePreviousRunBeforeAnyNameIsResolved) {
  const std::string text = edge_text("hub.example:9899");
  machines = {&hub};
  start();
  {
    Machine first(network, text, kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
    machines = {&hub, &first};
    first.service.start(now);
    first.service.handle_name_answer(now, answer_of(first.platform, {"192.0.2.1"}));
    run(2s);
    ASSERT_EQ(peer_state(first), "up");
  }
  Machine second(network, text, kEdgeKey, {{"eth0", "198.51.100.10"}}, 5);
  machines = {&hub, &second};
  second.service.start(now);
  run(1s);
  EXPECT_EQ(peer_state(second), "up");
}

TEST_F(TunnelServiceTest, CallsALiteralAddressBeforeTheNameBesideItIsResolved) {
  Machine both(network, edge_text("hub.example:9899\", \"192.0.2.1:9899"), kEdgeKey,
               {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &both};
  start();
  run(1s);
  EXPECT_EQ(peer_state(both), "up");
}

TEST_F(TunnelServiceTest, ResolvesAgainWhenANameHasNoAddress) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&named};
  start();
  named.service.handle_name_answer(now, answer_of(named.platform, {}));
  run(1500ms);
  EXPECT_EQ(named.platform.questions.size(), 2U);
  run(60s);
  EXPECT_LE(named.platform.questions.size(), 18U);
}

}  // namespace
TEST_F(TunnelServiceTest, MovesTheDataOfADeadPathToTheFirstPathThatWorks) {
  edge.platform.unplug("eth1");
  start();
  run(2s);
  const auto association = edge.service.status(now).associations.at(0).id;
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const IpAddress dead = *IpAddress::parse("198.51.100.1");
    return from.ip != dead && to.ip != dead;
  });
  run_with_traffic(4s);
  std::vector<std::byte> recent = packet(2, 1, 100);
  recent[9] = std::byte{6};  // TCP: of use for longer than a real-time packet
  edge.device.inject(recent);
  run(100ms);
  EXPECT_TRUE(hub.device.take_written().empty());
  edge.platform.plug("eth1", "203.0.113.1");
  edge.service.handle_links_changed(now);
  while (!paths(edge).contains("dsl") || paths(edge).at("dsl").state != "active") run(5ms);
  run(100ms);
  const auto written = hub.device.take_written();
  EXPECT_EQ(std::ranges::count(written, recent), 1);
  EXPECT_LE(written.size(), 3U) << "stale packets are given up";
  EXPECT_EQ(edge.service.status(now).associations.at(0).id, association);
}

TEST_F(TunnelServiceTest, TakesAnotherPortWhenOneIsDeadAndKeepsItsAssociation) {
  edge.platform.unplug("eth1");
  start();
  run(2s);
  const auto association = edge.service.status(now).associations.at(0).id;
  std::set<std::uint16_t> dead;
  network.set_rewrite([&](UdpAddress& from, UdpAddress& to, Bytes) {
    return !dead.contains(from.port) && !dead.contains(to.port);
  });
  const auto ports = [&] {
    std::set<std::uint16_t> out;
    for (const auto& socket : edge.service.status(now).sockets)
      out.insert(UdpAddress::parse(socket.local)->port);
    return out;
  };
  for (int times = 0; times < 3; ++times) {
    const auto before = ports();
    ASSERT_EQ(before.size(), 1U);
    dead.insert(before.begin(), before.end());
    run_with_traffic(3s);
    EXPECT_EQ(paths(edge).at("lte").state, "active") << times;
    run(2s);
    static_cast<void>(hub.device.take_written());
    EXPECT_EQ(ports().size(), 1U);
    EXPECT_NE(ports(), before);
    EXPECT_EQ(edge.service.status(now).associations.at(0).id, association);
    EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  }
}

}  // namespace hawser::daemon
