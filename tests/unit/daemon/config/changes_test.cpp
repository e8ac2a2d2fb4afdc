#include "daemon/config/changes.hpp"

#include <gtest/gtest.h>

#include "hawser/crypto/random.hpp"

namespace hawser::daemon::config {
namespace {

crypto::PublicKey some_key() {
  crypto::SystemRandom random;
  return crypto::PrivateKey::generate(random).public_key();
}

PeerConfig peer(const std::string& name, const crypto::PublicKey& key, const std::string& endpoint = "") {
  PeerConfig out;
  out.name = name;
  out.public_key = key;
  if (!endpoint.empty()) out.endpoint.push_back(*HostPort::parse(endpoint));
  out.allowed_ips.push_back(*IpPrefix::parse("10.0.0.1/32"));
  return out;
}

class ChangesTest : public testing::Test {
 protected:
  // The names by position; "-" is vacant.
  static std::string names(const Changes& changes) {
    std::string out;
    for (const PeerConfig& each : changes.peers) out += (each.vacant() ? "-" : each.name) + " ";
    return out;
  }
  Changes compare_peers(const std::vector<PeerConfig>& fresh) {
    Config next = running;
    next.peers = fresh;
    return compare(running, next);
  }

  using Positions = std::vector<std::size_t>;
  using Texts = std::vector<std::string>;
  crypto::PublicKey key_a = some_key(), key_b = some_key(), key_c = some_key(), key_d = some_key();
  PeerConfig a = peer("a", key_a), b = peer("b", key_b, "192.0.2.1:9"), c = peer("c", key_c);
  Config running = [this] {
    Config out;
    out.peers = {a, b, c};
    return out;
  }();
};

TEST_F(ChangesTest, NothingChangesWhenTheOrderOfTheFileDoes) {
  const Changes changes = compare_peers({c, a, b});
  EXPECT_EQ(names(changes), "a b c ");
  EXPECT_EQ(changes.ended, Positions{});
  EXPECT_EQ(changes.begun, Positions{});
  EXPECT_EQ(changes.report, Texts{});
  EXPECT_EQ(changes.needs_restart, Texts{});
}

TEST_F(ChangesTest, ARemovedPeerLeavesItsPositionVacantUntilAnotherIsAdded) {
  const Changes removed = compare_peers({c, b});
  EXPECT_EQ(names(removed), "- b c ");
  EXPECT_EQ(removed.ended, Positions{0});
  EXPECT_EQ(removed.begun, Positions{});
  EXPECT_EQ(removed.report, Texts{"peer a removed"});
  running.peers = removed.peers;
  const Changes added = compare_peers({b, c, peer("d", key_d), peer("e", key_a)});
  EXPECT_EQ(names(added), "d b c e ");
  EXPECT_EQ(added.ended, Positions{});
  EXPECT_EQ(added.begun, (Positions{0, 3}));
  EXPECT_EQ(added.report, (Texts{"peer d added", "peer e added"}));
}

TEST_F(ChangesTest, APeerWithAnotherKeyIsAnotherPeerInItsPlace) {
  const Changes changes = compare_peers({a, b, peer("c", key_d)});
  EXPECT_EQ(names(changes), "a b c ");
  EXPECT_EQ(changes.peers[2].public_key, key_d);
  EXPECT_EQ(changes.ended, Positions{2});
  EXPECT_EQ(changes.begun, Positions{2});
}

TEST_F(ChangesTest, AllowedIpsAndAHubsNameOfAPeerChangeWithoutItsConnection) {
  PeerConfig renamed = peer("new", key_a);
  PeerConfig wider = b;
  wider.allowed_ips.push_back(*IpPrefix::parse("10.9.0.0/16"));
  const Changes changes = compare_peers({renamed, wider, c});
  EXPECT_EQ(names(changes), "new b c ");
  EXPECT_EQ(changes.peers[1].allowed_ips.size(), 2U);
  EXPECT_EQ(changes.ended, Positions{});
  EXPECT_EQ(changes.report, (Texts{"peer new changed", "peer b changed"}));
}

TEST_F(ChangesTest, AnotherEndpointBeginsTheConnectionAgain) {
  const Changes changes = compare_peers({a, peer("b", key_b, "hub.example.net:9"), c});
  EXPECT_EQ(changes.ended, Positions{1});
  EXPECT_EQ(changes.begun, Positions{1});
}

TEST_F(ChangesTest, WhatCannotBeAppliedIsNamed) {
  Config fresh = running;
  fresh.interface.queue_bytes += 1;
  fresh.interface.private_key_file.line = 7;  // alone, no difference
  EXPECT_EQ(compare(running, fresh).needs_restart, Texts{"[interface]"});
  fresh.uplinks.push_back({.interface = "wan1", .label = "lte"});
  fresh.hooks = HooksConfig{"/x", 3, 10};
  EXPECT_EQ(compare(running, fresh).needs_restart, (Texts{"[interface]", "[[uplink]]", "[hooks]"}));
  running.peers = {a};
  EXPECT_EQ(compare(running, running).needs_restart, Texts{});
  Config edge = running;
  edge.peers = {a, b};
  EXPECT_EQ(compare(running, edge).needs_restart, Texts{"the first [[peer]] with an endpoint"});
}

}  // namespace
}  // namespace hawser::daemon::config
