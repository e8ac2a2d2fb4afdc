#include "hawser/base/datagram.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hawser {
namespace {

void add(TransmitBatch& batch, std::size_t size, int fill) {
  const MutableBytes room = batch.next(size);
  ASSERT_EQ(room.size(), size);
  std::ranges::fill(room, static_cast<std::byte>(fill));
  batch.commit(size);
}

TEST(TransmitBatch, LaysDatagramsBackToBack) {
  TransmitBatch batch;
  EXPECT_TRUE(batch.empty());
  add(batch, 3, 1);
  add(batch, 2, 2);
  ASSERT_EQ(batch.sizes().size(), 2U);
  EXPECT_EQ(batch.sizes()[0], 3);
  EXPECT_EQ(batch.sizes()[1], 2);
  const auto bytes = batch.bytes();
  ASSERT_EQ(bytes.size(), 5U);
  EXPECT_EQ(bytes[2], std::byte{1});
  EXPECT_EQ(bytes[3], std::byte{2});
}

TEST(TransmitBatch, TakesLessThanTheRoomAskedFor) {
  TransmitBatch batch;
  batch.next(1500)[0] = std::byte{1};
  batch.commit(1);
  batch.next(1500)[0] = std::byte{2};
  batch.commit(1);
  EXPECT_EQ(batch.bytes().size(), 2U);
  EXPECT_EQ(batch.bytes()[1], std::byte{2});
}

TEST(TransmitBatch, IsFullByCount) {
  TransmitBatch batch;
  while (batch.has_room(1)) add(batch, 1, 0);
  EXPECT_EQ(batch.sizes().size(), TransmitBatch::kMaxDatagrams);
}

TEST(TransmitBatch, IsFullBySize) {
  TransmitBatch batch;
  while (batch.has_room(1400)) add(batch, 1400, 0);
  EXPECT_LE(batch.bytes().size(), TransmitBatch::kCapacity);
  EXPECT_GT(batch.bytes().size() + 1400, TransmitBatch::kCapacity);
  EXPECT_TRUE(batch.has_room(TransmitBatch::kCapacity - batch.bytes().size()));
  EXPECT_FALSE(batch.has_room(TransmitBatch::kCapacity - batch.bytes().size() + 1));
}

TEST(TransmitBatch, IsReusedAfterClear) {
  TransmitBatch batch;
  add(batch, TransmitBatch::kCapacity, 1);
  EXPECT_FALSE(batch.has_room(1));
  const std::byte* storage = batch.bytes().data();
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.sizes().empty());
  EXPECT_EQ(batch.next(1).data(), storage);
}

}  // namespace
}  // namespace hawser
