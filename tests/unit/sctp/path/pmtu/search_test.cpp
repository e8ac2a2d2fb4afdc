#include "sctp/path/pmtu/search.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using State = PmtuDiscovery::State;

constexpr Duration kPatience = 100ms;

class PmtuDiscoveryTest : public ::testing::Test {
 protected:
  static IpAddress v4() { return IpAddress::v4(0xC633'6401); }
  static IpAddress v6() { return *IpAddress::parse("2001:db8::1"); }

  // Sends the probe that is due, if any, over a path that carries `mtu`. It is answered immediately, or
  // counts as lost at its deadline.
  bool step(PmtuDiscovery& discovery, std::size_t mtu, std::size_t headers = 28) {
    const std::size_t payload = discovery.due_probe(true);
    if (payload == 0) return false;
    probed.push_back(payload + headers);
    discovery.on_probe_sent(++nonce, now, kPatience);
    EXPECT_EQ(discovery.due_probe(true), 0U) << "one probe at a time";
    if (probed.back() <= mtu) {
      EXPECT_TRUE(discovery.on_probe_acked(nonce, now));
    } else {
      now += kPatience;
      EXPECT_TRUE(discovery.on_timeout(now, true));
    }
    return true;
  }
  void search(PmtuDiscovery& discovery, std::size_t mtu, std::size_t headers = 28) {
    for (int i = 0; i < 200 && step(discovery, mtu, headers); ++i) {
    }
    EXPECT_EQ(discovery.due_probe(true), 0U) << "the search does not end";
  }

  EndpointConfig config;
  Timestamp now = Timestamp{} + 1h;
  std::uint64_t nonce = 100;
  std::vector<std::size_t> probed;
};

TEST_F(PmtuDiscoveryTest, FindsTheLargestSizeWithOneProbe) {
  PmtuDiscovery discovery(v4(), config);
  EXPECT_EQ(discovery.size(), 1280U);
  EXPECT_EQ(discovery.payload(), 1252U);
  search(discovery, 1500);
  EXPECT_EQ(probed, std::vector<std::size_t>{1500});
  EXPECT_EQ(discovery.payload(), 1472U);
  EXPECT_EQ(discovery.safe_payload(), 1252U);
  EXPECT_EQ(discovery.state(), State::complete);
  EXPECT_EQ(discovery.next_timeout(), kNever) << "there is no larger size to search for";
}

TEST_F(PmtuDiscoveryTest, FindsEverySizeToEightBytes) {
  for (std::size_t mtu = 576; mtu <= 1500; ++mtu) {
    PmtuDiscovery discovery(v4(), config);
    search(discovery, mtu);
    EXPECT_LE(discovery.size(), mtu);
    EXPECT_GT(discovery.size() + PmtuDiscovery::kGranularity, mtu - mtu % 4);
    EXPECT_EQ(discovery.state(), mtu < 1280 ? State::error : State::complete);
  }
}

TEST_F(PmtuDiscoveryTest, FindsTheSizesThatNetworksHaveExactly) {
  for (const std::size_t mtu : {1492U, 1472U, 1460U, 1440U, 1420U, 1400U, 1380U, 1280U}) {
    PmtuDiscovery discovery(v6(), config);
    search(discovery, mtu, 48);
    EXPECT_EQ(discovery.size(), mtu);
  }
}

TEST_F(PmtuDiscoveryTest, NeverProbesAboveTheConfiguredSizeNorBelowTheFloor) {
  for (const std::uint16_t limit :
       {std::uint16_t{576}, std::uint16_t{601}, std::uint16_t{1281}, std::uint16_t{9000}}) {
    config.path_mtu = limit;
    PmtuDiscovery discovery(v4(), config);
    search(discovery, limit);
    EXPECT_EQ(discovery.size(), limit - limit % 4);
    for (const std::size_t size : probed) EXPECT_LE(size, limit);
  }
  config.path_mtu = 1500;
  PmtuDiscovery discovery(v6(), config);
  search(discovery, 1000, 48);
  EXPECT_EQ(discovery.size(), 1280U) << "no IPv6 link carries less";
}

TEST_F(PmtuDiscoveryTest, RejectsASizeOnlyAfterThreeLostProbes) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1492);
  EXPECT_EQ(probed, (std::vector<std::size_t>{1500, 1280, 1500, 1500, 1500, 1492}));
}

TEST_F(PmtuDiscoveryTest, LearnsNothingFromLossesOnAPathThatFailed) {
  PmtuDiscovery discovery(v4(), config);
  for (int i = 0; i < 10; ++i) {
    ASSERT_NE(discovery.due_probe(true), 0U);
    discovery.on_probe_sent(++nonce, now, kPatience);
    EXPECT_EQ(discovery.due_probe(false), 0U);
    now += kPatience;
    discovery.on_timeout(now, false);
    EXPECT_EQ(discovery.due_probe(false), 0U) << "a failed path is not searched";
  }
  search(discovery, 1500);
  EXPECT_EQ(discovery.size(), 1500U);
}

TEST_F(PmtuDiscoveryTest, AcceptsOnlyTheAnswerToTheOutstandingProbe) {
  PmtuDiscovery discovery(v4(), config);
  EXPECT_FALSE(discovery.on_probe_acked(0, now)) << "none was sent";
  discovery.on_probe_sent(7, now, kPatience);
  EXPECT_FALSE(discovery.on_probe_acked(8, now)) << "forged";
  now += kPatience;
  discovery.on_timeout(now, true);
  EXPECT_FALSE(discovery.on_probe_acked(7, now)) << "late";
  EXPECT_EQ(discovery.size(), 1280U);
}

TEST_F(PmtuDiscoveryTest, SearchesAgainAfterTenMinutes) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1400);
  EXPECT_EQ(discovery.size(), 1400U);
  EXPECT_EQ(discovery.next_timeout(), now + 10min);
  now += 10min;
  discovery.on_timeout(now, true);
  search(discovery, 1500);
  EXPECT_EQ(discovery.size(), 1500U);
}

TEST_F(PmtuDiscoveryTest, FallsBackWhenAHeartbeatPassesBehindALostProbe) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1500);
  EXPECT_FALSE(discovery.on_small_answered(now, now)) << "no probe is outstanding";
  discovery.verify();
  EXPECT_EQ(discovery.due_probe(false), 1472U)
      << "probed although the path failed, because the size may be the reason";
  discovery.on_probe_sent(++nonce, now, kPatience);
  EXPECT_FALSE(discovery.on_small_answered(now - 1ms, now)) << "it left before the probe";
  EXPECT_EQ(discovery.size(), 1500U);
  EXPECT_FALSE(discovery.on_small_answered(now, now + 40ms)) << "one probe may be lost by chance";
  EXPECT_EQ(discovery.due_probe(false), 1472U);
  discovery.on_probe_sent(++nonce, now, kPatience);
  EXPECT_TRUE(discovery.on_small_answered(now, now + 40ms));
  EXPECT_EQ(discovery.size(), 1280U);
  EXPECT_EQ(discovery.state(), State::base);
  probed.clear();
  search(discovery, 1400);
  EXPECT_EQ(probed.front(), 1280U) << "the base is confirmed first";
  EXPECT_EQ(discovery.size(), 1400U);
}

TEST_F(PmtuDiscoveryTest, KeepsItsSizeWhenTheProbePassesOrBothAreLost) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1500);
  discovery.verify();
  EXPECT_TRUE(step(discovery, 1500));
  EXPECT_FALSE(discovery.on_small_answered(now, now));
  discovery.verify();
  for (unsigned i = 0; i < PmtuDiscovery::kMaxProbes; ++i) EXPECT_TRUE(step(discovery, 0));
  EXPECT_FALSE(discovery.verifying());
  EXPECT_EQ(discovery.size(), 1500U);
}

TEST_F(PmtuDiscoveryTest, KeepsItsSizeWhenALargePacketArrivesAfterLostOnes) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1500);
  discovery.on_lost(PacketSize::large, 1460, 1);
  discovery.verify();
  discovery.on_probe_sent(++nonce, now, kPatience);
  discovery.on_delivered(PacketSize::large, 1400);
  EXPECT_TRUE(discovery.verifying()) << "the path may carry 1400 and no longer 1460";
  discovery.on_delivered(PacketSize::large, 1460);
  EXPECT_FALSE(discovery.verifying());
  EXPECT_FALSE(discovery.on_small_answered(now + 1ms, now + 50ms)) << "a policer dropped the probe";
  EXPECT_EQ(discovery.size(), 1500U);
  EXPECT_EQ(discovery.due_probe(true), 0U);
  EXPECT_EQ(discovery.next_timeout(), kNever);
}

TEST_F(PmtuDiscoveryTest, LearnsLittleFromLossesOfProbesWhileSmallerPacketsAreLost) {
  PmtuDiscovery discovery(v4(), config);
  int lost = 0;
  for (; discovery.size() <= 1280 && lost < 5; ++lost) {
    discovery.on_probe_sent(++nonce, now, kPatience);
    discovery.on_lost(PacketSize::medium, 1280, 1);
    now += kPatience;
    ASSERT_TRUE(discovery.on_timeout(now, true));
    EXPECT_EQ(discovery.due_probe(true), 1472U) << "the same size again";
  }
  discovery.on_probe_sent(++nonce, now, kPatience);
  ASSERT_TRUE(discovery.on_probe_acked(nonce, now));
  EXPECT_EQ(discovery.size(), 1500U);

  PmtuDiscovery other(v4(), config);
  for (lost = 0; other.due_probe(true) == 1472U && lost < 100; ++lost) {
    other.on_probe_sent(++nonce, now, kPatience);
    other.on_lost(PacketSize::medium, 1280, 1);
    now += kPatience;
    ASSERT_TRUE(other.on_timeout(now, true));
  }
  EXPECT_LT(lost, 20) << "it does not wait for ever";
}

TEST_F(PmtuDiscoveryTest, FallsFromTheBaseToTheFloorAndLooksForMoreSoon) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1280);
  discovery.verify();
  discovery.on_probe_sent(++nonce, now, kPatience);
  EXPECT_FALSE(discovery.on_small_answered(now, now));
  discovery.on_probe_sent(++nonce, now, kPatience);
  EXPECT_TRUE(discovery.on_small_answered(now, now));
  EXPECT_EQ(discovery.size(), 576U);
  EXPECT_EQ(discovery.state(), State::error);
  search(discovery, 576);
  EXPECT_EQ(discovery.next_timeout(), now + PmtuDiscovery::kErrorInterval);
  now += PmtuDiscovery::kErrorInterval;
  discovery.on_timeout(now, true);
  search(discovery, 1500);
  EXPECT_EQ(discovery.size(), 1500U);
  EXPECT_EQ(discovery.state(), State::complete);
}

TEST_F(PmtuDiscoveryTest, ClassifiesSizesByWhereTheyPass) {
  PmtuDiscovery discovery(v4(), config);
  EXPECT_EQ(discovery.size_class(548), PacketSize::small);
  EXPECT_EQ(discovery.size_class(552), PacketSize::medium);
  EXPECT_EQ(discovery.size_class(1252), PacketSize::medium);
  EXPECT_EQ(discovery.size_class(1256), PacketSize::large);
}

TEST_F(PmtuDiscoveryTest, CountsTheLossesOfASizeUntilOneOfThatSizeOrALargerOneArrives) {
  PmtuDiscovery discovery(v4(), config);
  discovery.on_lost(PacketSize::small, 100, 9);
  EXPECT_EQ(discovery.suspicious_losses(), 0U);
  discovery.on_lost(PacketSize::large, 1500, 1);
  discovery.on_lost(PacketSize::large, 1500, 1);
  discovery.on_lost(PacketSize::medium, 1280, 1);
  discovery.on_delivered(PacketSize::medium, 1280);
  EXPECT_EQ(discovery.suspicious_losses(), 2U)
      << "medium packets that arrive do not clear losses of large ones";
  discovery.on_lost(PacketSize::medium, 1280, 1);
  discovery.on_delivered(PacketSize::large, 1500);
  EXPECT_EQ(discovery.suspicious_losses(), 0U);
}

TEST_F(PmtuDiscoveryTest, SuspectsALargerPathOfNotCarryingTheBaseOnlyAfterRepeatedLosses) {
  PmtuDiscovery discovery(v4(), config);
  search(discovery, 1500);
  discovery.on_lost(PacketSize::medium, 1280, 1);
  discovery.on_lost(PacketSize::medium, 1280, 2);
  EXPECT_EQ(discovery.suspicious_losses(), 0U);
  discovery.on_lost(PacketSize::medium, 1280, 3);
  EXPECT_EQ(discovery.suspicious_losses(), 1U);
  discovery.on_delivered(PacketSize::small, 100);
  EXPECT_EQ(discovery.suspicious_losses(), 1U);
  discovery.on_delivered(PacketSize::medium, 1280);
  EXPECT_EQ(discovery.suspicious_losses(), 0U);
}

TEST_F(PmtuDiscoveryTest, SwitchedOffUsesTheLargestSizeOnEveryPath) {
  config.path_mtu_discovery = false;
  PmtuDiscovery discovery(v4(), config);
  EXPECT_EQ(discovery.payload(), 1472U);
  discovery.verify();
  EXPECT_EQ(discovery.due_probe(true), 0U);
  EXPECT_EQ(discovery.next_timeout(), kNever);
}

}  // namespace
}  // namespace hawser::sctp::path
