#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "sctp/endpoint/handshake_limiter.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart = Timestamp{} + 1h;

// How many of `attempts` from this address are admitted now.
int admitted(endpoint::HandshakeLimiter& limiter, Timestamp now, std::string_view source,
             int attempts = 100) {
  int count = 0;
  for (int i = 0; i < attempts; ++i) count += limiter.admit(now, *IpAddress::parse(source)) ? 1 : 0;
  return count;
}

TEST(HandshakeLimiter, AdmitsABurstOfTwiceTheRateAndThenTheRate) {
  TestRandom random;
  endpoint::HandshakeLimiter limiter(random, 16);
  EXPECT_EQ(admitted(limiter, kStart, "192.0.2.1"), 32);
  EXPECT_EQ(admitted(limiter, kStart + 1s, "192.0.2.1"), 16);
  EXPECT_EQ(admitted(limiter, kStart + 10s, "192.0.2.1"), 32);
}

TEST(HandshakeLimiter, CountsAnIpv4NetworkOf24BitsAsOneSource) {
  TestRandom random;
  endpoint::HandshakeLimiter limiter(random, 16);
  EXPECT_EQ(admitted(limiter, kStart, "192.0.2.1", 30), 30);
  EXPECT_EQ(admitted(limiter, kStart, "192.0.2.254"), 2);
  EXPECT_EQ(admitted(limiter, kStart, "192.0.3.1"), 32) << "the next network";
}

TEST(HandshakeLimiter, CountsAnIpv6NetworkOf64BitsAsOneSource) {
  TestRandom random;
  endpoint::HandshakeLimiter limiter(random, 16);
  EXPECT_EQ(admitted(limiter, kStart, "2001:db8:1:2::1", 30), 30);
  EXPECT_EQ(admitted(limiter, kStart, "2001:db8:1:2:ffff::9"), 2);
  EXPECT_EQ(admitted(limiter, kStart, "2001:db8:1:3::1"), 32) << "the next network";
}

IpAddress network(std::uint32_t number) {
  return IpAddress::v4(0x0a00'0000 + (number << 8));
}

TEST(HandshakeLimiter, KeepsNearlyAllNetworksApart) {
  TestRandom random;
  endpoint::HandshakeLimiter limiter(random, 1);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(limiter.admit(kStart, network(0)));
  int kept_out = 0;
  for (std::uint32_t i = 1; i <= 200; ++i) kept_out += limiter.admit(kStart, network(i)) ? 0 : 1;
  EXPECT_LE(kept_out, 8) << "with 1024 buckets, some of 200 networks share one";
}

TEST(HandshakeLimiter, LetsNoSourceChooseItsBucket) {
  std::vector<std::uint32_t> sharing;  // networks that share the bucket of network 0 under one seed
  for (std::uint32_t i = 1; i < 60'000 && sharing.size() < 8; ++i) {
    TestRandom same(1);
    endpoint::HandshakeLimiter fresh(same, 1);
    for (int k = 0; k < 2; ++k) static_cast<void>(fresh.admit(kStart, network(0)));
    if (!fresh.admit(kStart, network(i))) sharing.push_back(i);
  }
  ASSERT_EQ(sharing.size(), 8U);
  TestRandom second(2);
  endpoint::HandshakeLimiter other(second, 1);
  for (int i = 0; i < 2; ++i) static_cast<void>(other.admit(kStart, network(0)));
  int still = 0;
  for (const std::uint32_t each : sharing) still += other.admit(kStart, network(each)) ? 0 : 1;
  EXPECT_LE(still, 2) << "with another seed they have other buckets";
}

}  // namespace
}  // namespace hawser::sctp::test
