#include "base/ring_queue.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace hawser {
namespace {

TEST(RingQueue, StartsEmpty) {
  const RingQueue<int> queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.size(), 0U);
}

TEST(RingQueue, GivesElementsBackInTheOrderTheyCame) {
  RingQueue<int> queue;
  for (int i = 0; i < 10; ++i) queue.push_back(int{i});
  EXPECT_EQ(queue.size(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(queue.front(), i);
    EXPECT_EQ(queue.pop_front(), i);
  }
  EXPECT_TRUE(queue.empty());
}

TEST(RingQueue, KeepsTheOrderWhenItGrowsWhileItsContentsAreWrappedAround) {
  RingQueue<int> queue;
  int in = 0;
  int out = 0;
  for (; in < 12; ++in) queue.push_back(int{in});
  for (; out < 9; ++out) ASSERT_EQ(queue.pop_front(), out);
  for (; in < 200; ++in) queue.push_back(int{in});
  ASSERT_EQ(queue.size(), 191U);
  for (std::size_t i = 0; i < queue.size(); ++i) EXPECT_EQ(queue[i], out + static_cast<int>(i));
  for (; out < 200; ++out) ASSERT_EQ(queue.pop_front(), out);
  EXPECT_TRUE(queue.empty());
}

TEST(RingQueue, SurvivesManyTurnsOfTheRing) {
  RingQueue<int> queue;
  for (int i = 0; i < 7; ++i) queue.push_back(int{i});
  for (int i = 7; i < 10'000; ++i) {
    queue.push_back(int{i});
    ASSERT_EQ(queue.pop_front(), i - 7);
    ASSERT_EQ(queue.size(), 7U);
  }
}

TEST(RingQueue, ReleasesWhatAnElementOwnsWhenItIsPopped) {
  RingQueue<std::shared_ptr<int>> queue;
  const auto value = std::make_shared<int>(1);
  queue.push_back(std::shared_ptr<int>(value));
  EXPECT_EQ(value.use_count(), 2);
  queue.pop_front();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(RingQueue, ClearReleasesEverythingAndLeavesAUsableQueue) {
  RingQueue<std::shared_ptr<int>> queue;
  const auto value = std::make_shared<int>(1);
  for (int i = 0; i < 20; ++i) queue.push_back(std::shared_ptr<int>(value));
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(value.use_count(), 1);
  queue.push_back(std::make_shared<int>(5));
  EXPECT_EQ(*queue.front(), 5);
}

TEST(RingQueue, TakesMoveOnlyElements) {
  RingQueue<std::unique_ptr<int>> queue;
  for (int i = 0; i < 40; ++i) queue.push_back(std::make_unique<int>(i));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(*queue.pop_front(), i);
}

}  // namespace
}  // namespace hawser
