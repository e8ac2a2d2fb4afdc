#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "sctp/endpoint/handshake_limiter.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;
using endpoint::BucketHash;
using endpoint::HandshakeLimiter;
using endpoint::SourcePrefixes;

constexpr Timestamp kStart = Timestamp{} + 1h;
constexpr TokenBucket::Limit kLimit{32, 62'500us};  // 16 a second

/// A limiter with the prefixes of addresses.
struct Limited {
  explicit Limited(std::uint64_t seed = 1, TokenBucket::Limit limit = kLimit)
      : random(seed), limiter(limit) {}
  [[nodiscard]] SourcePrefixes prefixes(const IpAddress& source, std::uint16_t access_key = 0) const {
    return {hash, source, access_key};
  }
  /// How many of `attempts` from this address are admitted at `now`.
  int admitted(Timestamp now, std::string_view source, int attempts = 100, std::uint16_t access_key = 0) {
    const SourcePrefixes from = prefixes(*IpAddress::parse(source), access_key);
    int count = 0;
    for (int i = 0; i < attempts; ++i) count += limiter.take(now, from.buckets()) ? 1 : 0;
    return count;
  }
  TestRandom random;
  BucketHash hash{random};
  HandshakeLimiter limiter;
};

TEST(HandshakeLimiter, AdmitsABurstAndThenTheRate) {
  Limited limited;
  EXPECT_EQ(limited.admitted(kStart, "192.0.2.1"), 32);
  EXPECT_EQ(limited.admitted(kStart + 1s, "192.0.2.1"), 16);
  EXPECT_EQ(limited.admitted(kStart + 10s, "192.0.2.1"), 32);
}

TEST(HandshakeLimiter, CountsAnIpv4NetworkOf24BitsAsOneSource) {
  Limited limited;
  EXPECT_EQ(limited.admitted(kStart, "192.0.2.1", 30), 30);
  EXPECT_EQ(limited.admitted(kStart, "192.0.2.254"), 2);
  EXPECT_EQ(limited.admitted(kStart, "192.0.3.1"), 32) << "the next network";
}

TEST(HandshakeLimiter, CountsIpv6NetworksOf64And56And48BitsAsOneSource) {
  for (const std::string_view neighbour : {"2001:db8:1:200::2", "2001:db8:1:2ff::1", "2001:db8:1:fff::1"}) {
    Limited limited;
    EXPECT_EQ(limited.admitted(kStart, "2001:db8:1:200::1", 30), 30);
    EXPECT_EQ(limited.admitted(kStart, neighbour), 2) << neighbour;
    EXPECT_EQ(limited.admitted(kStart, "2001:db8:2:200::1"), 32) << "the next network";
  }
}

TEST(HandshakeLimiter, CountsSendersWithAnotherAccessKeyApart) {
  Limited limited;
  EXPECT_EQ(limited.admitted(kStart, "192.0.2.1"), 32);
  EXPECT_EQ(limited.admitted(kStart, "192.0.2.1", 100, 1), 32);
}

TEST(HandshakeLimiter, TakesNothingFromTheOtherPrefixesWhenOneIsEmpty) {
  Limited limited;
  EXPECT_EQ(limited.admitted(kStart, "2001:db8:1:200::1"), 32);  // its /48 is empty, too
  EXPECT_EQ(limited.admitted(kStart, "2001:db8:1:900::1"), 0);
  const SourcePrefixes other = limited.prefixes(*IpAddress::parse("2001:db8:1:900::1"));
  EXPECT_TRUE(limited.limiter.half_full(kStart, other.buckets().last(1)));
  for (int i = 0; i < 32; ++i) EXPECT_TRUE(limited.limiter.take(kStart, other.buckets().last(1))) << i;
}

TEST(HandshakeLimiter, GetsBackWhatAHandshakeTook) {
  Limited limited;
  const SourcePrefixes from = limited.prefixes(*IpAddress::parse("192.0.2.1"));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(limited.limiter.take(kStart, from.buckets()));
    limited.limiter.give_back(from.buckets());
  }
  EXPECT_EQ(limited.admitted(kStart, "192.0.2.1"), 32);
}

IpAddress network(std::uint32_t number) {
  return IpAddress::v4(0x0a00'0000 + (number << 8));
}

std::uint16_t bucket_of(const Limited& limited, std::uint32_t number) {
  return limited.prefixes(network(number)).buckets().front();
}

TEST(HandshakeLimiter, KeepsNearlyAllNetworksApart) {
  const Limited limited;
  int sharing = 0;
  for (std::uint32_t i = 1; i <= 800; ++i) sharing += bucket_of(limited, i) == bucket_of(limited, 0) ? 1 : 0;
  EXPECT_LE(sharing, 4);
}

TEST(HandshakeLimiter, LetsNoSourceChooseItsBucket) {
  const Limited first(1);
  std::vector<std::uint32_t> sharing;  // networks that share the bucket of network 0 under one seed
  for (std::uint32_t i = 1; sharing.size() < 8 && i < 200'000; ++i) {
    if (bucket_of(first, i) == bucket_of(first, 0)) sharing.push_back(i);
  }
  ASSERT_EQ(sharing.size(), 8U);
  const Limited second(2);
  const auto still = std::ranges::count_if(
      sharing, [&](std::uint32_t each) { return bucket_of(second, each) == bucket_of(second, 0); });
  EXPECT_LE(still, 2) << "with another seed they have other buckets";
}

}  // namespace
}  // namespace hawser::sctp::test
