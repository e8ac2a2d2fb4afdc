#include "daemon/quota/quota.hpp"

#include <gtest/gtest.h>

namespace hawser::daemon::quota {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

WallTime day(int year, unsigned month, unsigned day_of_month) {
  return sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day_of_month));
}
constexpr WallTime kBoot{};  // 1970

TEST(QuotaPeriod, BeginsOnItsDayOrOnTheLastOneOfAShorterMonth) {
  EXPECT_EQ(period_begin(day(2026, 3, 15) + 12h, 15), day(2026, 3, 15));
  EXPECT_EQ(period_begin(day(2026, 3, 15) - 1s, 15), day(2026, 2, 15));
  EXPECT_EQ(period_end(day(2026, 3, 15), 15), day(2026, 4, 15));
  EXPECT_EQ(period_end(day(2026, 1, 31), 31), day(2026, 2, 28));
  EXPECT_EQ(period_end(day(2026, 2, 28), 31), day(2026, 3, 31));
  EXPECT_EQ(period_end(day(2026, 3, 31), 31), day(2026, 4, 30));
  EXPECT_EQ(period_end(day(2028, 1, 31), 30), day(2028, 2, 29)) << "a leap year";
  EXPECT_EQ(period_begin(day(2026, 1, 1), 2), day(2025, 12, 2));
  EXPECT_EQ(period_end(day(2026, 12, 31), 31), day(2027, 1, 31));
}

TEST(Quota, IsUsedUpByItsLastByteAndResetAtMidnightOfItsDay) {
  Quota quota(1000, 1);
  quota.add(day(2026, 11, 24), 999);
  EXPECT_FALSE(quota.over());
  quota.add(day(2026, 11, 30) + 23h, 1);
  EXPECT_TRUE(quota.over());
  EXPECT_EQ(quota.reset(), day(2026, 12, 1));
  quota.add(day(2026, 12, 1) - 1s, 5);
  EXPECT_TRUE(quota.over());
  quota.add(day(2026, 12, 1), 0);
  EXPECT_FALSE(quota.over());
  EXPECT_EQ(quota.used(), 0U);
  EXPECT_EQ(quota.reset(), day(2027, 1, 1));
}

TEST(Quota, CountsWhileTheClockIsNotSetAndKeepsThatWhenItIs) {
  Quota quota(1000, 1);
  quota.add(kBoot, 300);
  EXPECT_EQ(quota.used(), 300U);
  EXPECT_EQ(quota.reset(), std::nullopt);
  quota.add(day(2026, 11, 24), 1);
  EXPECT_EQ(quota.used(), 301U);
  EXPECT_EQ(quota.reset(), day(2026, 12, 1));
}

TEST(Quota, NeitherResetsNorLosesAnythingWhenTheMachineBootsIn1970) {
  Quota before(1000, 1);
  before.add(day(2026, 11, 20), 700);
  Quota quota(1000, 1, before.state());
  quota.add(kBoot + 5min, 200);
  EXPECT_EQ(quota.used(), 900U);
  quota.add(day(2026, 11, 21), 0);
  EXPECT_EQ(quota.used(), 900U);
}

TEST(Quota, CountsForTheNewMonthWhatCameBeforeTheClockWasSet) {
  Quota before(1000, 1);
  before.add(day(2026, 11, 20), 700);
  Quota quota(1000, 1, before.state());
  quota.add(kBoot + 5min, 200);
  quota.add(day(2026, 12, 3), 0);
  EXPECT_EQ(quota.used(), 200U);
}

TEST(Quota, LosesNothingWhenTheClockRunsYearsAheadAndComesBack) {
  Quota quota(1000, 1);
  quota.add(day(2026, 11, 20), 700);
  quota.add(day(2040, 5, 5), 50);
  EXPECT_EQ(quota.used(), 50U);
  quota.add(day(2026, 11, 21), 1);
  EXPECT_EQ(quota.used(), 751U);
  EXPECT_EQ(quota.reset(), day(2026, 12, 1));
}

TEST(Quota, DoesNotBringBackAMonthThatIsOver) {
  Quota quota(1000, 1);
  quota.add(day(2026, 10, 20), 700);
  quota.add(day(2027, 5, 5), 50);
  quota.add(day(2026, 11, 2), 1);
  EXPECT_EQ(quota.used(), 51U);
}

TEST(Quota, LosesAlmostNothingWhenTheClockIsSetBackOverMidnightOfTheReset) {
  Quota quota(1000, 1);
  quota.add(day(2026, 12, 1) - 1min, 700);
  quota.add(day(2026, 12, 1) + 2s, 3);
  quota.add(day(2026, 12, 1) - 2s, 4);
  EXPECT_EQ(quota.used(), 707U);
  quota.add(day(2026, 12, 1), 5);
  EXPECT_EQ(quota.used(), 5U);
}

TEST(Quota, ForgetsNothingWhenTheConfigurationNamesAnotherDay) {
  Quota before(1000, 1);
  before.add(day(2026, 11, 20), 700);
  Quota quota(1000, 15, before.state());
  quota.add(day(2026, 11, 24), 1);
  EXPECT_EQ(quota.used(), 701U);
  EXPECT_EQ(quota.reset(), day(2026, 12, 15));
}

TEST(Quota, IsResetAfterMonthsInWhichTheMachineWasOff) {
  Quota before(1000, 1);
  before.add(day(2026, 3, 20), 1000);
  Quota quota(1000, 1, before.state());
  quota.add(day(2026, 11, 24), 1);
  EXPECT_EQ(quota.used(), 1U);
}

}  // namespace
}  // namespace hawser::daemon::quota
