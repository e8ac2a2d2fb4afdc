// Set-up, shutdown, abort, restart and collision of whole associations (RFC 9260 §5, §9), through Endpoint.
#include <gtest/gtest.h>

#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture for tests of whole associations.
class Associations : public Scenario {
 protected:
  /// A short association: two paths, three messages in each direction.
  [[nodiscard]] BondSpec short_association(std::uint64_t seed) const {
    BondSpec spec = bond_of({uplink(10, 20ms), uplink(10, 30ms)}, seed);
    spec.sealed = sealed_;
    return spec;
  }
  static void plan(Application& application) {
    for (std::uint16_t i = 0; i < 3; ++i) application.plan({10ms * i, sctp::StreamId(i), i == 2, 3000});
  }
};

using EveryAssociation = EitherMode<Associations>;
INSTANTIATE_TEST_SUITE_P(Both, EveryAssociation, ::testing::Bool(), mode_name);

TEST_P(EveryAssociation, AreSetUpThroughANatThatChangesThePort) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  ASSERT_TRUE(bond.establish());
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::connected), 1U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::accepted), 1U);
  const auto path = bond.hub_path(0);
  ASSERT_TRUE(path);
  EXPECT_NE(path->route.remote.port, 9899);
  EXPECT_EQ(path->route.remote.ip, Bond::public_address(0, false));
  bond.edge_app().plan({});
  bond.edge_app().pump();
  bond.hub_app().plan({});
  bond.hub_app().pump();
  expect_clean_end();
}

TEST_F(Associations, AreSetUpInTwoRoundTrips) {
  Bond& bond = make(bond_of({uplink(100, 50ms)}));
  const Timestamp start = bond.world().now();
  ASSERT_TRUE(bond.establish());
  EXPECT_LT(bond.world().now() - start, 205ms);
}

TEST_P(EveryAssociation, CrossNatsOverIpv6Too) {
  BondSpec spec = short_association(1);
  spec.ipv6 = true;
  Bond& bond = make(spec);
  plan(bond.edge_app());
  plan(bond.hub_app());
  ASSERT_TRUE(bond.establish());
  EXPECT_TRUE(bond.add_all_paths());
  ASSERT_TRUE(bond.run_until(30s, [&] { return bond.all_arrived() && bond.finished_sending(); }));
  expect_clean_end();
}

TEST_P(EveryAssociation, WorkWithRoutesThatNameNoLocalAddress) {
  BondSpec spec = short_association(1);
  spec.edge_options.wildcard_local = true;
  Bond& bond = make(spec);
  plan(bond.edge_app());
  plan(bond.hub_app());
  ASSERT_TRUE(bond.establish());
  EXPECT_TRUE(bond.add_all_paths());
  EXPECT_EQ(bond.edge().endpoint().status(bond.edge_id())->paths.size(), 2U);
  ASSERT_TRUE(bond.run_until(30s, [&] { return bond.all_arrived() && bond.finished_sending(); }));
  expect_clean_end();
}

TEST_P(EveryAssociation, GiveUpOnASilentPeerWithAnEvent) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  bond.set_blackhole(0, true);
  bond.connect();
  EXPECT_TRUE(bond.run_until(900s, [&] { return bond.both_gone(); }));
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::lost), 1U);
  // One INIT and eight retransmissions (Max.Init.Retransmits).
  EXPECT_EQ(bond.edge().datagrams_sent(), 9U);
  bond.run_for(300s);
  bond.check_ended();
}

TEST_F(Associations, AreRefusedByAHubThatDoesNotAccept) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  sctp::EndpointConfig closed = tunnel_config();
  closed.accept = false;
  Host& other = bond.world().add_host("closed", closed);
  bond.world().attach(other, SocketId(0), *UdpAddress::parse("192.0.2.1:9899"), nullptr, {}, {});
  bond.edge().connect(0, *UdpAddress::parse("192.0.2.1:9899"));
  EXPECT_TRUE(bond.run_until(900s, [&] { return bond.edge().endpoint().association_count() == 0; }));
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::aborted) + Bond::count(bond.edge_events(), Kind::lost), 1U);
  EXPECT_EQ(other.endpoint().drops().of(sctp::DropReason::not_listening), bond.edge().datagrams_sent());
}

/// Which side shuts the association down.
enum class Closer { edge, hub, both };

/// How many datagrams a run sent, and whether it dropped the chosen one.
struct LossRun {
  std::uint64_t datagrams = 0;
  bool dropped = false;
};

// Runs a short association from set-up to shutdown without its `lost`-th datagram (0: without loss).
LossRun run_without(std::uint64_t lost, Closer closer, const BondSpec& spec) {
  Bond bond(spec);
  LossRun run;
  const auto drop = [&](const Access&, const SimDatagram&) {
    const bool hit = ++run.datagrams == lost;
    run.dropped = run.dropped || hit;
    return hit;
  };
  bond.edge().drop_if = drop;
  bond.hub().drop_if = drop;
  for (Application* application : {&bond.edge_app(), &bond.hub_app()}) {
    for (std::uint16_t i = 0; i < 3; ++i) application->plan({10ms * i, sctp::StreamId(i), i == 2, 3000});
  }
  EXPECT_TRUE(bond.establish(0, 60s)) << "set-up";
  bond.add_path(1);
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.finished_sending(); }));
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.path_active(1); })) << "second path";
  if (closer != Closer::hub) bond.edge().shutdown(bond.edge_id());
  if (closer != Closer::edge) bond.hub().shutdown(bond.hub_id());
  EXPECT_TRUE(bond.run_until(200s, [&] { return bond.both_gone(); })) << "shutdown";
  EXPECT_TRUE(bond.all_arrived()) << bond.up_ledger().summary() << " / " << bond.down_ledger().summary();
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::closed), 1U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::closed), 1U);
  bond.run_for(120s);
  bond.check_ended();
  EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
  return run;
}

TEST_P(EveryAssociation, SurviveTheLossOfAnySingleDatagramFromSetUpToShutdown) {
  for (const Closer closer : {Closer::edge, Closer::hub, Closer::both}) {
    const std::uint64_t whole = run_without(0, closer, short_association(9)).datagrams;
    EXPECT_GE(whole, 30U);
    for (std::uint64_t lost = 1; lost <= std::max<std::uint64_t>(whole, 40); ++lost) {
      SCOPED_TRACE("without datagram " + std::to_string(lost) + ", closed by " +
                   std::to_string(static_cast<int>(closer)));
      const LossRun run = run_without(lost, closer, short_association(9));
      if (lost <= whole) {
        EXPECT_TRUE(run.dropped);
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(EveryAssociation, SurviveEachOfTheirDatagramsTwice) {
  BondSpec spec = short_association(4);
  for (UplinkSpec& link : spec.uplinks) link.up.duplication = link.down.duplication = 1;
  for (const Closer closer : {Closer::edge, Closer::hub, Closer::both}) run_without(0, closer, spec);
}

TEST_P(EveryAssociation, DeliverEverythingBeforeAShutdownEnds) {
  Bond& bond = make(bond_of({uplink(10, 20ms, 0.02), uplink(10, 30ms, 0.02)}));
  for (std::uint16_t i = 0; i < 100; ++i) bond.edge_app().plan({0ms, sctp::StreamId(i % 8), false, 5000});
  for (std::uint16_t i = 0; i < 100; ++i) bond.hub_app().plan({0ms, sctp::StreamId(i % 8), false, 5000});
  ASSERT_TRUE(bond.establish());
  bond.run_for(50ms);
  ASSERT_TRUE(bond.finished_sending());
  EXPECT_FALSE(bond.all_arrived());
  expect_clean_end();
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::closed), 1U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::closed), 1U);
}

TEST_P(EveryAssociation, TakeNoMessagesAfterShutdown) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  ASSERT_TRUE(bond.establish());
  bond.edge().shutdown(bond.edge_id());
  EXPECT_EQ(bond.edge().send(bond.edge_id(), bond.edge().pool().acquire(10), {}), sctp::SendResult::not_open);
  EXPECT_TRUE(bond.run_until(10s, [&] { return bond.both_gone(); }));
  EXPECT_EQ(bond.edge().send(bond.edge_id(), bond.edge().pool().acquire(10), {}), sctp::SendResult::not_open);
}

TEST_P(EveryAssociation, EndAtOnceOnBothSidesWhenAborted) {
  Bond& bond = make(bond_of({uplink(10, 20ms), uplink(10, 30ms)}));
  bond.edge_app().flood(1400, 4);
  bond.hub_app().flood(1400, 4);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(2s);
  bond.hub().abort(bond.hub_id(), "closing time");
  EXPECT_TRUE(bond.run_until(1s, [&] { return bond.both_gone(); }));
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::aborted), 1U);
  bond.run_for(10s);
  bond.check_ended();
}

TEST_P(EveryAssociation, SendTheirCauseToThePeerWhenAborted) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  ASSERT_TRUE(bond.establish());
  bond.hub().abort(bond.hub_id(), "closing time");
  EXPECT_TRUE(bond.run_until(1s, [&] { return bond.both_gone(); }));
  ASSERT_EQ(Bond::count(bond.edge_events(), Kind::aborted), 1U);
  EXPECT_EQ(bond.edge_events().back().cause, 12) << "User-Initiated Abort";
}

TEST_F(Associations, BecomeOneWhenBothSidesBeginAtTheSameTime) {
  BondSpec spec = bond_of({uplink(10, 20ms)});
  spec.uplinks[0].nat.reset();
  spec.edge.accept = true;
  Bond& bond = make(spec);
  bond.connect();
  bond.hub().connect(0, bond.edge().access(0).local);
  bond.run_for(5s);
  EXPECT_EQ(bond.edge().endpoint().association_count(), 1U);
  EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
  for (std::uint16_t i = 0; i < 20; ++i) bond.edge_app().plan({0ms, sctp::StreamId(i), false, 2000});
  for (std::uint16_t i = 0; i < 20; ++i) bond.hub_app().plan({0ms, sctp::StreamId(i), false, 2000});
  bond.edge_app().pump();
  bond.hub_app().pump();
  EXPECT_TRUE(bond.run_until(10s, [&] { return bond.finished_sending() && bond.all_arrived(); }));
  expect_clean_end();
}

TEST_F(Associations, BecomeOneWhenTheSecondInitMeetsAnyStepOfTheFirst) {
  // The other side connects at every moment of the handshake, in steps of 3 ms.
  for (Duration offset = 0ms; offset <= 100ms; offset += 3ms) {
    SCOPED_TRACE("offset " +
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(offset).count()) +
                 " ms");
    BondSpec spec = bond_of({uplink(10, 20ms)}, 3);
    spec.uplinks[0].nat.reset();
    spec.edge.accept = true;
    Bond bond(spec);
    bond.connect();
    bond.run_for(offset);
    if (bond.hub().endpoint().association_count() == 0) bond.hub().connect(0, bond.edge().access(0).local);
    bond.edge_app().plan({0ms, {}, false, 5000});
    bond.hub_app().plan({0ms, {}, false, 5000});
    bond.edge_app().pump();
    bond.hub_app().pump();
    EXPECT_TRUE(bond.run_until(20s, [&] { return bond.finished_sending() && bond.all_arrived(); }))
        << bond.up_ledger().summary() << " / " << bond.down_ledger().summary();
    EXPECT_EQ(bond.edge().endpoint().association_count(), 1U);
    EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    if (HasFailure()) return;
  }
}

/// Received payloads as text, for tests in which a ledger cannot follow a restart.
struct Inbox {
  explicit Inbox(Host& host) {
    host.on_message = [this](sctp::ReceivedMessage&& message) {
      const auto* text = reinterpret_cast<const char*>(message.payload.data());
      texts.emplace_back(text, message.payload.size());
    };
  }
  std::vector<std::string> texts;
};

sctp::SendResult send_text(Host& host, sctp::AssociationId id, const std::string& text) {
  Buffer message = host.pool().copy(std::as_bytes(std::span(text)));
  return host.send(id, std::move(message), {});
}

TEST_F(Associations, SurviveTheRestartOfThePeerFromTheSameAddress) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  Inbox at_edge(bond.edge());
  Inbox at_hub(bond.hub());
  ASSERT_TRUE(bond.establish());
  send_text(bond.edge(), bond.edge_id(), "before");
  send_text(bond.hub(), bond.hub_id(), "hello");
  bond.run_for(1s);
  bond.edge().restart();
  bond.connect();
  bond.run_for(2s);
  EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::restarted), 1U);
  EXPECT_EQ(send_text(bond.edge(), bond.edge_id(), "after"), sctp::SendResult::ok);
  EXPECT_EQ(send_text(bond.hub(), bond.hub_id(), "welcome back"), sctp::SendResult::ok);
  bond.run_for(2s);
  EXPECT_EQ(at_hub.texts, (std::vector<std::string>{"before", "after"}));
  EXPECT_EQ(at_edge.texts, (std::vector<std::string>{"hello", "welcome back"}));
}

TEST_F(Associations, SurviveTheRestartOfThePeerUnderLoad) {
  Bond& bond = make(bond_of({uplink(10, 20ms), uplink(10, 30ms)}));
  Inbox at_edge(bond.edge());
  Inbox at_hub(bond.hub());
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  for (int i = 0; i < 200; ++i) {
    send_text(bond.edge(), bond.edge_id(), std::string(1000, 'x'));
    send_text(bond.hub(), bond.hub_id(), std::string(1000, 'x'));
  }
  bond.run_for(100ms);
  bond.edge().restart();
  bond.connect();
  bond.run_for(3s);
  EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
  at_edge.texts.clear();
  at_hub.texts.clear();
  EXPECT_EQ(send_text(bond.edge(), bond.edge_id(), "after"), sctp::SendResult::ok);
  EXPECT_EQ(send_text(bond.hub(), bond.hub_id(), "welcome back"), sctp::SendResult::ok);
  bond.run_for(2s);
  EXPECT_EQ(at_hub.texts, (std::vector<std::string>{"after"}));
  EXPECT_EQ(at_edge.texts, (std::vector<std::string>{"welcome back"}));
  bond.edge().shutdown(bond.edge_id());
  EXPECT_TRUE(bond.run_until(10s, [&] { return bond.both_gone(); }));
  bond.run_for(120s);
  bond.check_ended();
}

TEST_F(Associations, ToAHubThatRestartedEndAndCanBeginAgain) {
  Bond& bond = make(bond_of({uplink(10, 20ms)}));
  Inbox at_hub(bond.hub());
  ASSERT_TRUE(bond.establish());
  bond.hub().restart();
  send_text(bond.edge(), bond.edge_id(), "to nowhere");
  EXPECT_TRUE(bond.run_until(5s, [&] { return bond.edge().endpoint().association_count() == 0; }));
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::aborted), 1U);
  bond.connect();
  bond.run_for(1s);
  EXPECT_EQ(send_text(bond.edge(), bond.edge_id(), "again"), sctp::SendResult::ok);
  bond.run_for(1s);
  EXPECT_EQ(at_hub.texts, (std::vector<std::string>{"again"}));
}

TEST_F(Associations, BeginAgainWithAFreshCookieWhenTheFirstWentStale) {
  BondSpec spec = bond_of({uplink(10, 20ms)});
  spec.hub.cookie_lifetime = 2s;
  Bond& bond = make(spec);
  bond.connect();
  bond.run_for(30ms);  // the INIT has arrived, the COOKIE ECHO has not been sent
  bond.up(0).config().blackhole = true;
  bond.run_for(5s);
  bond.up(0).config().blackhole = false;
  EXPECT_TRUE(bond.run_until(30s, [&] { return Bond::count(bond.edge_events(), Kind::connected) == 1; }));
  EXPECT_GE(bond.hub().endpoint().drops().of(sctp::DropReason::stale_cookie), 1U);
  bond.edge_app().plan({0ms, {}, false, 5000});
  bond.edge_app().pump();
  expect_clean_end();
}

TEST_F(Associations, AcknowledgeTheirOwnCookieHoweverLateItComesAgain) {
  // RFC 9260 §5.2.4: an expired cookie with the tags of the existing association means that the COOKIE ACK
  // was lost; it is not stale.
  BondSpec spec = bond_of({uplink(10, 20ms)});
  spec.hub.cookie_lifetime = 2s;
  Bond& bond = make(spec);
  bond.hub().drop_if = [](const Access&, const SimDatagram& datagram) {
    PacketView view;
    view.parse(datagram.payload);
    return view.has(ChunkType::cookie_ack);
  };
  bond.connect();
  bond.run_for(5s);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::accepted), 1U);
  bond.hub().drop_if = nullptr;
  EXPECT_TRUE(bond.run_until(30s, [&] { return Bond::count(bond.edge_events(), Kind::connected) == 1; }));
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::accepted), 1U);
  EXPECT_EQ(bond.hub().endpoint().drops().of(sctp::DropReason::stale_cookie), 0U);
  bond.edge_app().plan({0ms, {}, false, 5000});
  bond.edge_app().pump();
  expect_clean_end();
}

TEST_F(Associations, WithAStaleCookieGetAnErrorAndRequestALongerLife) {
  // The round trip is longer than the cookie lifetime: only a Cookie Preservative (RFC 9260 §5.2.6) can help.
  // The association must produce an event in either case.
  BondSpec spec = bond_of({uplink(10, 150ms)});
  spec.hub.cookie_lifetime = 200ms;
  Bond& bond = make(spec);
  bond.connect();
  EXPECT_TRUE(bond.run_until(600s, [&] { return !bond.edge_events().empty(); }));
  EXPECT_GE(bond.hub().endpoint().drops().of(sctp::DropReason::stale_cookie), 1U);
}

/// Fixture for tests of protected associations.
class ProtectedAssociations : public Associations {
 protected:
  ProtectedAssociations() { sealed_ = true; }
};

TEST_F(ProtectedAssociations, EndInTimeWhenOnlyTheFinalPacketIsLost) {
  // As in a tunnel: no number of retransmissions ends the association, and an end that is gone does not
  // answer.
  BondSpec spec = bond_of({uplink(10, 20ms)});
  for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
    config->association_max_retrans = 1'000'000;
    config->rto_max = 5s;
    config->silence_limit = 900s;
  }
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  bond.edge().drop_if = [&](const Access&, const SimDatagram&) {
    const auto status = bond.hub().endpoint().status(bond.hub_id());
    return status && status->state == sctp::AssociationState::shutdown_ack_sent;
  };
  bond.edge().shutdown(bond.edge_id());
  EXPECT_TRUE(bond.run_until(30s, [&] { return bond.both_gone(); }));
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::closed), 1U);
  bond.run_for(10s);
  bond.check_ended();
}

TEST_F(ProtectedAssociations, ReplayFromTheirSeedByteForByte) {
  const auto bytes_of = [](std::uint64_t seed) {
    BondSpec spec = bond_of({uplink(10, 20ms, 0.05), uplink(10, 30ms)}, seed);
    spec.sealed = true;
    Bond bond(spec);
    std::size_t hash = 0;
    bond.world().on_sent([&](const Host&, const SimDatagram& datagram) {
      const auto* text = reinterpret_cast<const char*>(datagram.payload.data());
      hash = hash * 31 + std::hash<std::string_view>{}({text, datagram.payload.size()});
    });
    bond.edge_app().flood(1000, 2);
    EXPECT_TRUE(bond.establish());
    EXPECT_TRUE(bond.add_all_paths());
    bond.run_for(1s);
    return hash;
  };
  EXPECT_EQ(bytes_of(3), bytes_of(3));
  EXPECT_NE(bytes_of(3), bytes_of(4));
}

TEST_F(ProtectedAssociations, RenewTheirKeysUnderLoadOverTwoPathsWithoutLoss) {
  BondSpec spec = short_association(6);
  spec.rekey_after = 3s;
  Bond& bond = make(spec);
  bond.edge_app().flood(1200, 2);
  bond.hub_app().flood(1200, 2);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(20s);
  const auto status = bond.hub().endpoint().status(bond.hub_id());
  ASSERT_TRUE(status && status->protection);
  EXPECT_GE(status->protection->handshakes, 6U);
  EXPECT_GT(bond.measure(bond.up_ledger(), 3s), kBidirectionalShare * 20e6);
  for (Host* host : {&bond.edge(), &bond.hub()}) {
    EXPECT_EQ(host->endpoint().drops().of(sctp::DropReason::bad_record), 0U);
    EXPECT_EQ(host->endpoint().drops().of(sctp::DropReason::unknown_epoch), 0U);
  }
  expect_clean_end();
}

TEST_F(ProtectedAssociations, WithARestartedHubEndBySilenceAndCanBeginAgain) {
  BondSpec spec = bond_of({uplink(10, 20ms)});
  spec.edge.silence_limit = 10s;
  Bond& bond = make(spec);
  Inbox at_hub(bond.hub());
  ASSERT_TRUE(bond.establish());
  bond.hub().restart();
  send_text(bond.edge(), bond.edge_id(), "to nowhere");
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.edge().endpoint().association_count() == 0; }));
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::lost), 1U)
      << "an unauthenticated packet would not have ended it";
  bond.connect();
  bond.run_for(1s);
  EXPECT_EQ(send_text(bond.edge(), bond.edge_id(), "again"), sctp::SendResult::ok);
  bond.run_for(1s);
  EXPECT_EQ(at_hub.texts, (std::vector<std::string>{"again"}));
}

}  // namespace
}  // namespace hawser::sim
