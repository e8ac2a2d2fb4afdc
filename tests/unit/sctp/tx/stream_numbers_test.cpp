#include "sctp/tx/stream_numbers.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::tx {
namespace {

constexpr StreamId kStream{1};

class StreamNumbersTest : public ::testing::Test {
 protected:
  std::uint64_t take(std::size_t ahead = 0, StreamId stream = kStream) {
    const std::uint64_t number = numbers.number(stream, ahead);
    numbers.take(stream, number, ++tsn);
    return number;
  }

  StreamNumbers numbers;
  std::uint64_t tsn = 1000;
};

TEST_F(StreamNumbersTest, CountFromZeroInEachStream) {
  EXPECT_EQ(take(), 0U);
  EXPECT_EQ(take(), 1U);
  EXPECT_EQ(take(0, StreamId{7}), 0U);
  EXPECT_EQ(take(), 2U);
}

TEST_F(StreamNumbersTest, AreLeftFreeForTheMessagesThatFollowLater) {
  EXPECT_EQ(take(3), 3U);
  EXPECT_EQ(take(3), 4U) << "the same three messages are before it";
  EXPECT_EQ(take(), 0U);
  EXPECT_EQ(take(), 1U);
  EXPECT_EQ(take(2), 6U) << "behind 2 and 5";
  EXPECT_EQ(take(), 2U);
  EXPECT_EQ(take(), 5U);
  EXPECT_EQ(take(), 7U);
}

TEST_F(StreamNumbersTest, OfAnotherStreamAreNotLeftFree) {
  EXPECT_EQ(take(3), 3U);
  EXPECT_EQ(take(0, StreamId{2}), 0U);
  EXPECT_EQ(take(1, StreamId{2}), 2U);
}

TEST_F(StreamNumbersTest, AheadOfFreeOnesAreLimited) {
  EXPECT_TRUE(numbers.may_take_ahead());
  for (std::size_t i = 0; i < StreamNumbers::kMaxTakenAhead; ++i) take(1);
  EXPECT_FALSE(numbers.may_take_ahead());
  EXPECT_EQ(take(), 0U);
  EXPECT_TRUE(numbers.may_take_ahead()) << "all are behind the last free one now";
}

// The receiver would take a number that is half of all away for an earlier one.
TEST_F(StreamNumbersTest, InFlightAreFewerThanHalfOfAll) {
  constexpr std::size_t kHalf = 1U << 15;
  const std::uint64_t base = tsn + 1;  // nothing is acknowledged
  std::uint64_t lowest_free = 0;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < 2 * kHalf; ++i) {
    const std::size_t ahead = i % 3 == 0 && numbers.may_take_ahead() ? MessageSource::kMaxAhead : 0;
    const std::uint64_t number = numbers.number(kStream, ahead);
    if (!numbers.may_take(kStream, number, base)) break;
    numbers.take(kStream, number, ++tsn);
    highest = std::max(highest, number);
    if (ahead == 0) lowest_free = number + 1;
  }
  EXPECT_LT(highest, kHalf);
  EXPECT_GT(lowest_free, kHalf / 4);
  const std::uint64_t next = numbers.number(kStream, 0);
  EXPECT_TRUE(numbers.may_take(kStream, next, tsn + 1)) << "when all is acknowledged";
}

}  // namespace
}  // namespace hawser::sctp::tx
