#include "tunnel/packet_queue.hpp"

#include <gtest/gtest.h>

namespace hawser::tunnel {
namespace {

TEST(PacketQueue, IsFirstInFirstOutAcrossWrapAround) {
  BufferPool pool;
  PacketQueue queue(1 << 20);
  std::uint32_t in = 0;
  std::uint32_t out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(queue.push({pool.acquire(100), in++, 4}));
    for (int i = 0; i < 25; ++i) EXPECT_EQ(queue.pop().flow, out++);
  }
  while (!queue.empty()) EXPECT_EQ(queue.pop().flow, out++);
  EXPECT_EQ(out, in);
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(PacketQueue, RefusesWhatExceedsItsLimitAndLeavesItWithTheCaller) {
  BufferPool pool;
  PacketQueue queue(3 * (200 + PacketQueue::kPacketOverhead));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push({pool.acquire(200), 0, 4}));
  QueuedPacket extra{pool.acquire(1), 0, 4};
  EXPECT_FALSE(queue.push(std::move(extra)));
  EXPECT_EQ(extra.bytes.size(), 1U);  // NOLINT(bugprone-use-after-move): a rejected packet is not moved
  EXPECT_EQ(queue.packets(), 3U);
  EXPECT_EQ(queue.bytes(), 600U);
  (void)queue.pop();
  EXPECT_TRUE(queue.push(std::move(extra)));
}

TEST(PacketQueue, KeepsAnEighthForSmallPackets) {
  BufferPool pool;
  PacketQueue queue(64'000);
  std::size_t large = 0;
  while (queue.push({pool.acquire(1400), 0, 4})) ++large;
  EXPECT_EQ(large, 56'000 / (1400 + PacketQueue::kPacketOverhead));
  std::size_t small = 0;
  while (queue.push({pool.acquire(PacketQueue::kSmall), 0, 4})) ++small;
  EXPECT_GE(small, 8'000 / (PacketQueue::kSmall + PacketQueue::kPacketOverhead));
  EXPECT_FALSE(queue.push({pool.acquire(PacketQueue::kSmall + 1), 0, 4}));
  EXPECT_LE(queue.bytes() + queue.packets() * PacketQueue::kPacketOverhead, 64'000U);
}

TEST(PacketQueue, BoundsTheNumberOfTinyPackets) {
  BufferPool pool;
  PacketQueue queue(64 * 100);
  int taken = 0;
  while (queue.push({pool.acquire(1), 0, 4})) ++taken;
  EXPECT_LT(taken, 100);
}

TEST(PacketQueue, GivesItsBuffersBackWhenCleared) {
  BufferPool pool;
  PacketQueue queue(1 << 20);
  for (int i = 0; i < 10; ++i) queue.push({pool.acquire(1000), 0, 4});
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.in_use(), 0U);
}

}  // namespace
}  // namespace hawser::tunnel
