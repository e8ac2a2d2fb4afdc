#include "base/token_bucket.hpp"

#include <gtest/gtest.h>

namespace hawser {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart = Timestamp{} + 1h;
constexpr TokenBucket::Limit kTwoPerSecond{10, 500ms};

/// How many of `attempts` takes of one token succeed at `now`.
int taken(TokenBucket& bucket, Timestamp now, const TokenBucket::Limit& limit, int attempts = 100) {
  int count = 0;
  for (int i = 0; i < attempts; ++i) count += bucket.take(now, limit) ? 1 : 0;
  return count;
}

TEST(TokenBucket, BeginsFullAndGivesOutItsBurst) {
  TokenBucket bucket;
  EXPECT_EQ(taken(bucket, kStart, kTwoPerSecond), 10);
}

TEST(TokenBucket, FillsAgainAtItsRate) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(kStart, kTwoPerSecond, 10));
  EXPECT_FALSE(bucket.take(kStart + 499ms, kTwoPerSecond));
  EXPECT_TRUE(bucket.take(kStart + 500ms, kTwoPerSecond)) << "a failed take costs nothing";
  EXPECT_FALSE(bucket.take(kStart + 999ms, kTwoPerSecond));
  EXPECT_TRUE(bucket.take(kStart + 1000ms, kTwoPerSecond));
}

TEST(TokenBucket, KeepsFractionsOfATokenBetweenCalls) {
  constexpr TokenBucket::Limit kLimit{3, 10ms};
  TokenBucket bucket;
  EXPECT_EQ(taken(bucket, kStart, kLimit), 3);
  EXPECT_EQ(taken(bucket, kStart + 9ms, kLimit), 0);
  EXPECT_EQ(taken(bucket, kStart + 10ms, kLimit), 1);
  EXPECT_EQ(taken(bucket, kStart + 35ms, kLimit), 2);
  EXPECT_EQ(taken(bucket, kStart + 40ms, kLimit), 1) << "half a token was left at 35 ms";
  EXPECT_EQ(taken(bucket, kStart + 1h, kLimit), 3);
}

TEST(TokenBucket, SavesNoMoreThanItsBurst) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(kStart, kTwoPerSecond, 10));
  EXPECT_TRUE(bucket.take(kStart + 24h, kTwoPerSecond, 10));
  EXPECT_FALSE(bucket.take(kStart + 24h, kTwoPerSecond));
}

TEST(TokenBucket, GivesAllOrNothing) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take(kStart, kTwoPerSecond, 11));
  EXPECT_TRUE(bucket.take(kStart, kTwoPerSecond, 10));
}

TEST(TokenBucket, LosesNothingToRoundingOverManyTakes) {
  constexpr TokenBucket::Limit kLimit{1, 10ms};
  TokenBucket bucket;
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_TRUE(bucket.take(kStart + i * 10ms, kLimit));
    EXPECT_FALSE(bucket.take(kStart + i * 10ms + 9'999'999ns, kLimit));
  }
}

TEST(TokenBucket, TakesBackATokenThatWasNotNeeded) {
  TokenBucket bucket;
  bucket.give_back(kTwoPerSecond);  // none was taken
  EXPECT_EQ(taken(bucket, kStart, kTwoPerSecond), 10);
  bucket.give_back(kTwoPerSecond);
  EXPECT_EQ(taken(bucket, kStart, kTwoPerSecond), 1);
}

TEST(TokenBucket, ReportsWhenItHasATokenAndHowManyItLacks) {
  TokenBucket bucket;
  EXPECT_LT(bucket.ready_at(kTwoPerSecond), kStart);
  EXPECT_TRUE(bucket.lacks_at_most(kStart, kTwoPerSecond, 0));
  EXPECT_TRUE(bucket.take(kStart, kTwoPerSecond, 9));
  EXPECT_EQ(bucket.ready_at(kTwoPerSecond), kStart);
  EXPECT_TRUE(bucket.take(kStart, kTwoPerSecond));
  EXPECT_EQ(bucket.ready_at(kTwoPerSecond), kStart + 500ms);
  EXPECT_FALSE(bucket.lacks_at_most(kStart, kTwoPerSecond, 9));
  EXPECT_TRUE(bucket.lacks_at_most(kStart, kTwoPerSecond, 10));
  EXPECT_TRUE(bucket.lacks_at_most(kStart + 500ms, kTwoPerSecond, 9));
}

TEST(TokenBucket, WithoutABurstGivesNothing) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take(kStart, {0, 1s}));
}

}  // namespace
}  // namespace hawser
