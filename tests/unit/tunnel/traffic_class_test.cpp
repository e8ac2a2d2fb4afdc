#include "tunnel/traffic_class.hpp"

#include <gtest/gtest.h>

#include "packets.hpp"

namespace hawser::tunnel {
namespace {

using namespace std::chrono_literals;
using sctp::TrafficClass;

constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kTcp = 6;

class TrafficClassifierTest : public testing::Test {
 protected:
  static IpPacket packet(std::size_t size, std::uint8_t dscp = 0, std::uint8_t protocol = kUdp,
                         std::uint16_t port = 5000) {
    IpPacket out;
    out.total_length = static_cast<std::uint32_t>(size);
    out.dscp = dscp;
    out.protocol = protocol;
    out.source_port = 40'000;
    out.destination_port = port;
    return out;
  }
  bool is_realtime(const IpPacket& ip, std::uint16_t flow = 1, bool behind_bulk = false) {
    return classifier.classify(now, ip, flow, behind_bulk) == TrafficClass::realtime;
  }
  // Sends a packet of this flow at each `interval` for `time`. Returns the share that was real-time.
  double share(Duration time, Duration interval, const IpPacket& ip, std::uint16_t flow = 1) {
    int realtime = 0;
    int all = 0;
    for (const Timestamp end = now + time; now < end; now += interval, ++all)
      realtime += is_realtime(ip, flow);
    return static_cast<double>(realtime) / all;
  }
  // All traffic has been `rate` bytes per second for two seconds.
  void run_at(double rate) {
    for (int ms = 0; ms < 2000; ++ms, now += 1ms)
      classifier.on_sent(now, static_cast<std::size_t>(rate / 1000));
  }

  TrafficClassifier classifier;
  Timestamp now{1h};
};

TEST_F(TrafficClassifierTest, FollowsTheDscp) {
  for (const unsigned dscp : {34U, 36U, 38U, 40U, 44U, 46U, 48U, 56U})
    EXPECT_TRUE(is_realtime_dscp(static_cast<std::uint8_t>(dscp))) << dscp;
  int all = 0;
  for (std::uint8_t dscp = 0; dscp < 64; ++dscp) all += is_realtime_dscp(dscp);
  EXPECT_EQ(all, 8);
  EXPECT_TRUE(is_realtime(packet(1200, 46)));
  EXPECT_TRUE(is_realtime(packet(1200, 34, kTcp), 2));
  EXPECT_FALSE(is_realtime(packet(1200, 10), 3));
}

TEST_F(TrafficClassifierTest, TakesSmallPacketsOfIcmpAndDns) {
  for (const std::uint8_t icmp : {std::uint8_t{1}, std::uint8_t{58}}) {
    EXPECT_TRUE(is_realtime(packet(84, 0, icmp), icmp));
    EXPECT_FALSE(is_realtime(packet(1400, 0, icmp), icmp));
  }
  EXPECT_TRUE(is_realtime(packet(512, 0, kUdp, 53), 2));
  EXPECT_TRUE(is_realtime(packet(80, 0, kTcp, 53), 3));
  EXPECT_FALSE(is_realtime(packet(1400, 0, kTcp, 53), 3));
}

TEST_F(TrafficClassifierTest, LeavesTcpAlone) {
  EXPECT_FALSE(is_realtime(packet(40, 0, kTcp)));
  EXPECT_FALSE(is_realtime(packet(60, 0, kTcp, 443)));
}

// 200 packets of 200 bytes per second: a game, or several calls.
TEST_F(TrafficClassifierTest, TakesAUdpFlowOfSmallPacketsAtALowRate) {
  EXPECT_EQ(share(10s, 5ms, packet(228)), 1);
  EXPECT_EQ(share(10s, 20ms, packet(200), 2), 1);
}

TEST_F(TrafficClassifierTest, TakesNoUdpFlowOfSmallPacketsAtAHighRate) {
  EXPECT_LT(share(10s, 1ms, packet(200)), 0.02);
}

TEST_F(TrafficClassifierTest, TakesAFlowAgainThatHasSlowedDown) {
  EXPECT_LT(share(5s, 1ms, packet(200)), 0.05);
  share(2s, 20ms, packet(200));
  EXPECT_EQ(share(2s, 20ms, packet(200)), 1);
}

TEST_F(TrafficClassifierTest, TakesNoSmallPacketsOfAFlowWithLargeOnes) {
  // QUIC: acknowledgements must not overtake data.
  EXPECT_FALSE(is_realtime(packet(1250)));
  EXPECT_EQ(share(900ms, 20ms, packet(80)), 0);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(is_realtime(packet(1250)));
    EXPECT_EQ(share(900ms, 20ms, packet(80)), 0);
  }
}

TEST_F(TrafficClassifierTest, TakesNoFragments) {
  IpPacket fragment = packet(100);
  fragment.fragment = true;
  EXPECT_FALSE(is_realtime(fragment));
}

TEST_F(TrafficClassifierTest, NeverLetsAPacketOvertakeBulkPacketsOfItsFlow) {
  EXPECT_FALSE(is_realtime(packet(200, 46), 1, true));
  EXPECT_TRUE(is_realtime(packet(200, 46), 1, false));
}

TEST_F(TrafficClassifierTest, MarkingEverythingGainsNothing) {
  run_at(5'000'000);  // 40 Mbit/s
  // One flow of 40 Mbit/s.
  EXPECT_LT(share(5s, 200us, packet(1000, 46)), 0.02);
  // A hundred flows of 400 kbit/s.
  std::size_t realtime = 0;
  for (int i = 0; i < 50'000; ++i, now += 100us) {
    const bool taken = is_realtime(packet(500, 46), static_cast<std::uint16_t>(100 + i % 100));
    realtime += taken ? 500 : 0;
    classifier.on_sent(now, 500);
  }
  EXPECT_LT(static_cast<double>(realtime) / 5, 0.26 * 5'000'000);
}

TEST_F(TrafficClassifierTest, HasTwoMegabitsPerSecondWhateverTheTraffic) {
  EXPECT_EQ(classifier.rate(), TrafficClassifier::kMinRate);
  EXPECT_EQ(share(5s, 10ms, packet(1200, 46)), 1);  // 0.96 Mbit/s
  run_at(5'000'000);
  EXPECT_NEAR(classifier.rate(), 1'250'000, 50'000);
  EXPECT_EQ(share(2s, 2ms, packet(1200, 46), 2), 1);  // 4.8 Mbit/s
  now += 1h;
  classifier.on_sent(now, 100);
  EXPECT_EQ(classifier.rate(), TrafficClassifier::kMinRate);
}

}  // namespace
}  // namespace hawser::tunnel
