#include "hawser/base/address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hawser {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}
bool inside(std::string_view prefix, std::string_view address) {
  return IpPrefix::parse(prefix).value().contains(ip(address));
}

TEST(IpAddress, PrintsWhatItParsed) {
  for (const std::string text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1",
                                 "fe80::a:b:c:d", "2001:db8:1:2:3:4:5:6"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
}

TEST(IpAddress, RefusesEverythingElse) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/8", "1.2.3.4:5",
        ":::", "2001:db8::1%eth0", "[::1]", "2001:db8:1:2:3:4:5:6:7", "host.example", "0x1.2.3.4"}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
}

TEST(IpAddress, TheDefaultIsTheIpv4Wildcard) {
  EXPECT_EQ(IpAddress(), ip("0.0.0.0"));
  EXPECT_TRUE(IpAddress().is_v4());
  EXPECT_TRUE(IpAddress().is_wildcard());
  EXPECT_TRUE(IpAddress::any_v6().is_v6());
  EXPECT_TRUE(IpAddress::any_v6().is_wildcard());
  EXPECT_NE(IpAddress::any_v4(), IpAddress::any_v6());
}

TEST(IpAddress, GivesItsBytesInNetworkOrder) {
  const IpAddress v4 = IpAddress::v4(0xC0000201);
  EXPECT_EQ(v4, ip("192.0.2.1"));
  ASSERT_EQ(v4.bytes().size(), 4U);
  EXPECT_EQ(v4.bytes()[0], std::byte{192});
  EXPECT_EQ(v4.bytes()[3], std::byte{1});
  EXPECT_EQ(IpAddress::v4(v4.bytes()), v4);
  const IpAddress v6 = ip("2001:db8::1");
  ASSERT_EQ(v6.bytes().size(), 16U);
  EXPECT_EQ(IpAddress::v6(v6.bytes()), v6);
}

TEST(IpAddress, AnIpv4AddressIsNeverEqualToAnIpv6OneWithTheSameFirstBytes) {
  EXPECT_NE(ip("32.1.13.184"), ip("2001:db8::"));
}

TEST(IpAddress, KnowsWhatAPacketCanComeFrom) {
  for (const char* text :
       {"10.0.0.1", "127.0.0.1", "223.255.255.255", "240.0.0.1", "::1", "2001:db8::1", "fe80::1"}) {
    EXPECT_TRUE(ip(text).is_unicast()) << text;
  }
  for (const char* text : {"0.0.0.0", "::", "224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"}) {
    EXPECT_FALSE(ip(text).is_unicast()) << text;
  }
}

TEST(UdpAddress, PrintsWhatItParsed) {
  for (const std::string text : {"192.0.2.1:9899", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:9899"}) {
    EXPECT_EQ(UdpAddress::parse(text).value().to_string(), text);
  }
}

TEST(UdpAddress, RefusesMissingBracketsAndBadPorts) {
  for (const char* text :
       {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:+1", "192.0.2.1: 1",
        "192.0.2.1:1x", "[192.0.2.1]:1", "2001:db8::1:9899", "[2001:db8::1]", "[2001:db8::1:9899",
        "2001:db8::1]:9899", "[]:1"}) {
    EXPECT_FALSE(UdpAddress::parse(text).has_value()) << text;
  }
}

TEST(IpPrefix, PrintsWhatItParsedAndKeepsHostBits) {
  for (const std::string text : {"10.90.0.2/24", "0.0.0.0/0", "::/0", "fd90::2/64", "2001:db8::1/128"}) {
    EXPECT_EQ(IpPrefix::parse(text).value().to_string(), text);
  }
}

TEST(IpPrefix, WithoutALengthIsOneAddress) {
  EXPECT_EQ(IpPrefix::parse("10.0.0.1").value().length, 32);
  EXPECT_EQ(IpPrefix::parse("fd90::1").value().length, 128);
}

TEST(IpPrefix, RefusesBadLengths) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/8 ", "::/129",
                           "/8", "10.0.0.0/256", "10.0.0.0/4294967304"}) {
    EXPECT_FALSE(IpPrefix::parse(text).has_value()) << text;
  }
}

TEST(IpPrefix, ContainsExactlyTheAddressesThatShareItsBits) {
  EXPECT_TRUE(inside("10.90.0.2/24", "10.90.0.255"));
  EXPECT_FALSE(inside("10.90.0.2/24", "10.90.1.0"));
  EXPECT_TRUE(inside("10.90.0.128/25", "10.90.0.129"));
  EXPECT_FALSE(inside("10.90.0.128/25", "10.90.0.127"));
  EXPECT_TRUE(inside("10.0.0.1/32", "10.0.0.1"));
  EXPECT_FALSE(inside("10.0.0.1/32", "10.0.0.0"));
  EXPECT_TRUE(inside("0.0.0.0/0", "203.0.113.9"));
  EXPECT_TRUE(inside("128.0.0.0/1", "255.1.1.1"));
  EXPECT_FALSE(inside("128.0.0.0/1", "127.1.1.1"));
  EXPECT_TRUE(inside("fd90::/61", "fd90:0:0:7::1"));
  EXPECT_FALSE(inside("fd90::/61", "fd90:0:0:8::1"));
  EXPECT_TRUE(inside("2001:db8::1/128", "2001:db8::1"));
}

TEST(IpPrefix, ItsNetworkHasNoHostBits) {
  const auto network = [](std::string_view text) {
    return IpPrefix::parse(text).value().network().to_string();
  };
  EXPECT_EQ(network("10.90.0.2/24"), "10.90.0.0/24");
  EXPECT_EQ(network("10.90.0.255/25"), "10.90.0.128/25");
  EXPECT_EQ(network("255.255.255.255/0"), "0.0.0.0/0");
  EXPECT_EQ(network("255.255.255.255/1"), "128.0.0.0/1");
  EXPECT_EQ(network("10.0.0.1/32"), "10.0.0.1/32");
  EXPECT_EQ(network("fd90:0:0:f::1/61"), "fd90:0:0:8::/61");
  EXPECT_EQ(network("2001:db8::1/0"), "::/0");
  EXPECT_EQ(network("2001:db8::1/128"), "2001:db8::1/128");
}

TEST(IpPrefix, NeverContainsTheOtherFamily) {
  EXPECT_FALSE(inside("0.0.0.0/0", "::"));
  EXPECT_FALSE(inside("::/0", "0.0.0.0"));
}

}  // namespace
}  // namespace hawser
