#include "tunnel/allowed_ips.hpp"

#include <gtest/gtest.h>

#include <random>

namespace hawser::tunnel {
namespace {

IpPrefix prefix(const char* text) {
  return *IpPrefix::parse(text);
}
std::optional<PeerIndex> lookup(const AllowedIps& table, const char* text) {
  return table.lookup(*IpAddress::parse(text));
}

TEST(AllowedIps, PrefersTheLongestPrefix) {
  AllowedIps table;
  EXPECT_TRUE(table.insert(prefix("0.0.0.0/0"), 1));
  EXPECT_TRUE(table.insert(prefix("10.0.0.0/8"), 2));
  EXPECT_TRUE(table.insert(prefix("10.1.2.3/32"), 3));
  EXPECT_EQ(lookup(table, "192.0.2.1"), 1U);
  EXPECT_EQ(lookup(table, "10.1.2.4"), 2U);
  EXPECT_EQ(lookup(table, "10.1.2.3"), 3U);
}

TEST(AllowedIps, KeepsTheFamiliesApart) {
  AllowedIps table;
  table.insert(prefix("0.0.0.0/0"), 1);
  EXPECT_EQ(lookup(table, "::1"), std::nullopt);
  table.insert(prefix("2001:db8::/32"), 2);
  table.insert(prefix("2001:db8:0:1:8000::/65"), 3);
  EXPECT_EQ(lookup(table, "2001:db8:0:1:7fff::1"), 2U);
  EXPECT_EQ(lookup(table, "2001:db8:0:1:8000::1"), 3U);
  EXPECT_EQ(lookup(table, "2001:db9::1"), std::nullopt);
}

TEST(AllowedIps, IgnoresHostBitsAndRefusesTheSamePrefixTwice) {
  AllowedIps table;
  EXPECT_TRUE(table.insert(prefix("10.0.0.77/24"), 1));
  EXPECT_FALSE(table.insert(prefix("10.0.0.0/24"), 2));
  EXPECT_EQ(lookup(table, "10.0.0.1"), 1U);
  EXPECT_EQ(lookup(table, "10.0.1.1"), std::nullopt);
}

TEST(AllowedIps, AgreesWithAScanOfAllPrefixes) {
  std::mt19937 random(7);
  AllowedIps table;
  std::vector<IpPrefix> all;
  for (PeerIndex i = 0; i < 300; ++i) {
    const IpPrefix p{IpAddress::v4(0x0a000000U | (random() & 0xffffU)),
                     static_cast<std::uint8_t>(16 + random() % 17)};
    all.push_back(p);
    if (!table.insert(p, i)) all.back().length = 255;  // a duplicate never matches
  }
  for (int i = 0; i < 5000; ++i) {
    const IpAddress address = IpAddress::v4(0x0a000000U | (random() & 0xffffU));
    std::optional<PeerIndex> best;
    for (PeerIndex p = 0; p < all.size(); ++p) {
      if (all[p].length == 255 || !all[p].contains(address)) continue;
      if (!best || all[p].length > all[*best].length) best = p;
    }
    EXPECT_EQ(table.lookup(address), best);
  }
}

}  // namespace
}  // namespace hawser::tunnel
