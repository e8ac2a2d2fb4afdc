// New keys of a protected association: by age, packets and bytes, and as often as a hostile peer asks.

#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

TEST(Rekeying, RenewsTheKeysByAgeFromEitherSide) {
  for (const bool by_client : {true, false}) {
    SecurityConfig edge = edge_protection();
    SecurityConfig hub = hub_protection();
    (by_client ? edge : hub).rekey_after = 60s;
    ProtectedPair pair(std::move(edge), std::move(hub));
    pair.connect();
    pair.run(61s);
    EXPECT_EQ(pair.client_status().protection->epoch, 1) << by_client;
    EXPECT_EQ(pair.server_status().protection->epoch, 1) << by_client;
    EXPECT_EQ(pair.server_status().protection->handshakes, 2U) << by_client;
    EXPECT_TRUE(pair.works());
  }
}

TEST(Rekeying, LosesNoPacketAndGoesOnPastTheLastEpochNumber) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = 1s;
  SecurityConfig hub = hub_protection();
  edge.least_rekey_interval = hub.least_rekey_interval = 1ms;
  ProtectedPair pair(std::move(edge), std::move(hub));
  pair.connect();
  pair.add_path(2);
  for (int second = 0; second < 300; ++second) {
    pair.send(pair.client, "there");
    pair.send(pair.server, "back");
    pair.run(1s);
  }
  EXPECT_GT(pair.client_status().protection->handshakes, 260U);
  EXPECT_EQ(pair.server.messages.size(), 300U);
  EXPECT_EQ(pair.client.messages.size(), 300U);
  for (const PathStatus& path : pair.client_status().paths) {
    EXPECT_EQ(path.counters.data_chunks_lost, 0U);
    EXPECT_EQ(path.counters.timeouts, 0U);
  }
  EXPECT_EQ(pair.client.drops(DropReason::unknown_epoch), 0U);
  EXPECT_EQ(pair.server.drops(DropReason::unknown_epoch), 0U);
  EXPECT_EQ(pair.client.drops(DropReason::bad_record), 0U);
}

TEST(Rekeying, IsNeverTooSoonForTheHubHoweverOftenAnEdgeIsToRenewItsKeys) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = 1s;
  ProtectedPair pair(std::move(edge));
  pair.connect();
  pair.run(119s);
  EXPECT_GE(pair.client_status().protection->handshakes, 1U + SecurityConfig::kRekeyBurst + 10);
  EXPECT_LE(pair.client_status().protection->handshakes, 1U + SecurityConfig::kRekeyBurst + 12);
  EXPECT_EQ(pair.server.drops(DropReason::rekey_too_soon), 0U);
  EXPECT_TRUE(pair.works());
}

TEST(Rekeying, OfAHostileEdgeIsLimitedByTheHub) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = 1ms;
  edge.least_rekey_interval = {};
  ProtectedPair pair(std::move(edge));
  pair.connect();
  pair.run(60s);
  EXPECT_LE(pair.server_status().protection->handshakes, 1U + SecurityConfig::kRekeyBurst + 8);
  EXPECT_GT(pair.server.drops(DropReason::rekey_too_soon), 0U);
}

TEST(Rekeying, RequestedByAHostileHubIsLimitedByTheEdge) {
  SecurityConfig hub = hub_protection();
  hub.rekey_after = 1ms;
  hub.least_rekey_interval = {};
  ProtectedPair pair(edge_protection(), std::move(hub));
  pair.connect();
  pair.run(60s);
  EXPECT_LE(pair.client_status().protection->handshakes, 1U + SecurityConfig::kRekeyBurst + 7);
  EXPECT_GE(pair.client_status().protection->handshakes, 1U + SecurityConfig::kRekeyBurst + 4)
      << "a request is not forgotten";
}

TEST(Rekeying, RenewsTheKeysByPacketsAndByBytes) {
  for (const bool by_packets : {true, false}) {
    SecurityConfig edge = edge_protection();
    if (by_packets) {
      edge.rekey_after_packets = 100;
    } else {
      edge.rekey_after_bytes = 100'000;
    }
    ProtectedPair pair(std::move(edge));
    pair.connect();
    const std::string text(1'000, 'x');
    for (int i = 0; i < 150; ++i) {
      pair.send(pair.client, text);
      pair.run(100ms);
    }
    EXPECT_GE(pair.client_status().protection->epoch, 1);
    EXPECT_EQ(pair.server.messages.size(), 150U);
  }
}

TEST(Rekeying, IsSurvivedByPacketsInFlight) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = 60s;
  ProtectedPair pair(std::move(edge));
  pair.connect();
  pair.run(59s);
  std::vector<Datagram> late;
  pair.lost_to_server = [&](const Datagram& each) {
    if (each.bytes.size() < 500) return false;
    late.push_back(each);
    return true;
  };
  pair.send(pair.client, std::string(600, 'x'));
  pair.carry();
  ASSERT_EQ(late.size(), 1U);
  pair.lost_to_server = nullptr;
  pair.client.endpoint.handle_timeout(pair.now += 2s);
  pair.carry();
  ASSERT_EQ(pair.server_status().protection->epoch, 1);
  const std::uint64_t unknown = pair.server.drops(DropReason::unknown_epoch);
  pair.to_server(late[0].bytes);
  EXPECT_EQ(pair.server.drops(DropReason::unknown_epoch), unknown);
  EXPECT_TRUE(pair.works()) << "the client uses the new keys";
  pair.run(31s);
  pair.to_server(late[0].bytes);
  EXPECT_EQ(pair.server.drops(DropReason::unknown_epoch), unknown + 1)
      << "the old keys are wiped after the drain time";
}

TEST(Rekeying, EndsTheAssociationWhoseKeysCannotBeRenewed) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = 60s;
  ProtectedPair pair(std::move(edge));
  pair.connect();
  pair.lost_to_client = [](const Datagram&) { return true; };
  EndpointConfig patient;
  pair.run(62min);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
}

}  // namespace
}  // namespace hawser::sctp::test
