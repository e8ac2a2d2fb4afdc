// All datagrams of a protected association, replayed: to a restarted hub, to another hub with the same key,
// to the hub itself. They may cause nothing but one stateless answer for each INIT.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture that records an association, and replays it.
class Replays : public Scenario {
 protected:
  /// An association with all kinds of packets: handshake, a second path, data, a rekey.
  void SetUp() override {
    sealed_ = true;
    BondSpec spec = bond_of({uplink(20, 20ms), uplink(20, 20ms)}, 8);
    spec.rekey_after = 2s;
    bond = &make(spec);
    bond->world().on_delivered([this](const Host& host, const SimDatagram& datagram) {
      if (recording && &host == &bond->hub()) recorded.push_back(datagram);
    });
    bond->edge_app().flood(1200, 4);
    ASSERT_TRUE(bond->establish());
    ASSERT_TRUE(bond->add_all_paths());
    bond->run_for(3s);
    bond->edge_app().stop();
    bond->run_for(1s);
    recording = false;
    bond->world().on_sent([this](const Host& host, const SimDatagram& datagram) {
      if (!replaying || host.name() == "edge") return;
      ++answers;
      PacketView view;
      view.parse(datagram.payload);
      if (!view.has(ChunkType::init_ack) || view.chunks.size() != 2) ++other_answers;
    });
  }

  /// Replays all datagrams in order, one per millisecond; from `from`, or from their original source.
  void replay(const UdpAddress& to, const std::optional<UdpAddress>& from) {
    replaying = true;
    for (const SimDatagram& old : recorded) {
      SimDatagram datagram = old;
      datagram.destination = to;
      if (from) datagram.source = *from;
      PacketView view;
      view.parse(datagram.payload);
      inits += view.has(ChunkType::init) ? 1U : 0U;
      bond->world().inject(std::move(datagram));
      bond->run_for(1ms);
    }
    bond->run_for(100ms);
    replaying = false;
  }

  void expect_nothing_but_answers_to_inits(Host& hub) {
    EXPECT_GT(inits, 0U);
    EXPECT_EQ(answers, inits);
    EXPECT_EQ(other_answers, 0U);
    EXPECT_EQ(hub.endpoint().association_count(), 0U);
    EXPECT_EQ(hub.endpoint().next_timeout(), kNever);
    EXPECT_EQ(hub.pool().in_use(), 0U);
  }
  static UdpAddress elsewhere() { return *UdpAddress::parse("192.0.2.66:6666"); }

  Bond* bond = nullptr;
  bool recording = true;
  bool replaying = false;
  std::vector<SimDatagram> recorded;  ///< all datagrams that were delivered to the hub
  std::uint64_t inits = 0;
  std::uint64_t answers = 0;
  std::uint64_t other_answers = 0;
};

TEST_F(Replays, ToAHubThatRestartedWithTheSameKeyGainOneAnswerForEachInit) {
  for (const std::size_t link : {0U, 1U}) bond->set_blackhole(link, true);
  bond->hub().restart();
  const std::size_t events = bond->hub_events().size();
  replay(bond->hub_address(0), std::nullopt);
  replay(bond->hub_address(0), elsewhere());
  expect_nothing_but_answers_to_inits(bond->hub());
  EXPECT_EQ(bond->hub_events().size(), events);
}

TEST_F(Replays, ToAnotherHubWithTheSameKeyGainOneAnswerForEachInit) {
  HostOptions options;
  options.identity = Identity{2 * 8 + 1, {2 * 8}, {}, {}};  // the bond's seed is 8
  sctp::EndpointConfig config = tunnel_config();
  config.accept = true;
  Host& twin = bond->world().add_host("twin", config, options);
  const UdpAddress at = *UdpAddress::parse("198.51.100.20:9899");
  bond->world().attach(twin, SocketId(0), at, nullptr, {}, {});
  std::uint64_t events = 0;
  twin.on_event = [&](const sctp::Event&) { ++events; };
  for (const std::size_t link : {0U, 1U}) bond->set_blackhole(link, true);
  bond->hub().drop_if = [](const Access&, const SimDatagram&) { return true; };
  recorded.resize(std::min<std::size_t>(recorded.size(), 500));
  replay(at, std::nullopt);
  replay(at, elsewhere());
  EXPECT_EQ(events, 0U);
  EXPECT_EQ(twin.endpoint().drops().of(sctp::DropReason::forged_cookie), 2U)
      << "a COOKIE ECHO for the other hub";
  EXPECT_EQ(twin.endpoint().association_count(), 0U);
  EXPECT_EQ(twin.pool().in_use(), 0U);
}

TEST_F(Replays, ToTheHubItselfMoveNothingAndDisturbNothing) {
  const auto paths = [&] {
    std::string text;
    const auto status = bond->hub().endpoint().status(bond->hub_id());
    if (!status) return text;
    for (const auto& path : status->paths)
      text += path.route.remote.to_string() + " " + std::string(to_string(path.state)) + "\n";
    return text;
  };
  const std::string before = paths();
  const std::size_t events = bond->hub_events().size();
  const std::uint64_t messages = bond->up_ledger().messages_arrived();
  replay(bond->hub_address(0), std::nullopt);
  replay(bond->hub_address(0), elsewhere());
  EXPECT_EQ(paths(), before);
  EXPECT_EQ(bond->hub_events().size(), events);
  EXPECT_EQ(bond->up_ledger().messages_arrived(), messages);
  EXPECT_GT(bond->hub().endpoint().drops().of(sctp::DropReason::replayed_record), 1'000U);
  bond->edge_app().flood(1200, 4);
  EXPECT_GT(bond->measure(bond->up_ledger(), 2s), kBidirectionalShare * 40e6);
  expect_clean_end();
}

// The hub keeps no list of accepted cookies: for a minute it accepts a cookie again from the same address, at
// the cost of any other attempt. Without the edge's key the handshake cannot complete.
TEST_F(Replays, WhileTheCookieIsGoodButTheAssociationGoneMakeNoPeerAndLeaveNothing) {
  bond->edge().shutdown(bond->edge_id());
  ASSERT_TRUE(bond->run_until(10s, [&] { return bond->both_gone(); }));
  for (const std::size_t link : {0U, 1U}) bond->set_blackhole(link, true);
  const std::size_t accepted = Bond::count(bond->hub_events(), Kind::accepted);
  recorded.resize(std::min<std::size_t>(recorded.size(), 500));
  replay(bond->hub_address(0), std::nullopt);
  EXPECT_LE(bond->hub().endpoint().association_count(), 1U) << "in its handshake, for at most ten seconds";
  replay(bond->hub_address(0), elsewhere());
  EXPECT_LE(bond->hub().endpoint().association_count(), 1U);
  bond->run_for(11s);
  EXPECT_EQ(bond->hub().endpoint().association_count(), 0U);
  EXPECT_EQ(Bond::count(bond->hub_events(), Kind::accepted), accepted);
  bond->run_for(60s);
  bond->check_ended();
}

}  // namespace
}  // namespace hawser::sim
