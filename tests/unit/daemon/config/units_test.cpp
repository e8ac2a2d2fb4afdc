#include "daemon/config/units.hpp"

#include <gtest/gtest.h>

namespace hawser::daemon::config {
namespace {

TEST(Rates, AreReadInAllUnits) {
  EXPECT_EQ(parse_rate("64000 bit/s"), 64'000U);
  EXPECT_EQ(parse_rate("64 kbit/s"), 64'000U);
  EXPECT_EQ(parse_rate("1.5 Mbit/s"), 1'500'000U);
  EXPECT_EQ(parse_rate("20Mbit/s"), 20'000'000U);
  EXPECT_EQ(parse_rate("1000 Gbit/s"), 1'000'000'000'000U);
}

TEST(Rates, AreRefusedWithoutUnitOrBeyondTheLimitsOrWithAnythingElse) {
  for (const std::string_view text :
       {"", "20", "Mbit/s", "20 mbit/s", "20 Mb/s", "20  Mbit/s", "20 Mbit/s ", " 20 Mbit/s", "-20 Mbit/s",
        "+20 Mbit/s", "0 Mbit/s", "63999 bit/s", "1001 Gbit/s", "1e3 Mbit/s", "nan Mbit/s", "inf Gbit/s",
        "0x20 Mbit/s", "20,5 Mbit/s", "none"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(Rates, AreWrittenInTheLargestUnitThatFits) {
  EXPECT_EQ(rate_text(0), "none");
  EXPECT_EQ(rate_text(64'000), "64 kbit/s");
  EXPECT_EQ(rate_text(1'500'000), "1.5 Mbit/s");
  EXPECT_EQ(rate_text(20'000'001), "20.000001 Mbit/s");
  EXPECT_EQ(rate_text(2'000'000'000), "2 Gbit/s");
}

TEST(Sizes, AreReadInPowersOfTen) {
  EXPECT_EQ(parse_size("50 GB"), 50'000'000'000U);
  EXPECT_EQ(parse_size("1 MB"), 1'000'000U);
  EXPECT_EQ(parse_size("1.5 TB"), 1'500'000'000'000U);
  for (const std::string_view text : {"50", "50 GiB", "50 gb", "0.9 MB", "1001 TB", "50 kB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Roles, AreReadByTheirNames) {
  EXPECT_EQ(parse_role("always"), sctp::PathRole::always);
  EXPECT_EQ(parse_role("never"), sctp::PathRole::never);
  EXPECT_FALSE(parse_role("Never"));
  EXPECT_FALSE(parse_role(""));
}

}  // namespace
}  // namespace hawser::daemon::config
