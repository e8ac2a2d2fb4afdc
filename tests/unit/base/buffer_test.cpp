#include "hawser/base/buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace hawser {
namespace {

TEST(BufferPool, HandsAReleasedBlockOutAgain) {
  BufferPool pool(64);
  Buffer first = pool.acquire(10);
  const std::byte* block = first.data();
  first.reset();
  EXPECT_EQ(pool.in_use(), 0U);
  const Buffer second = pool.acquire(64);
  EXPECT_EQ(second.data(), block);
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(BufferPool, GivesEveryBufferItsOwnBlock) {
  BufferPool pool(64);
  const Buffer a = pool.acquire(64);
  const Buffer b = pool.acquire(64);
  EXPECT_NE(a.data(), b.data());
  EXPECT_EQ(pool.in_use(), 2U);
}

TEST(BufferPool, ServesMoreThanABlockFromABlockOfItsOwn) {
  BufferPool pool(64);
  {
    Buffer large = pool.acquire(65);
    EXPECT_EQ(large.size(), 65U);
    EXPECT_GE(large.capacity(), 65U);
    std::ranges::fill(large.bytes(), std::byte{1});
  }
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(pool.acquire(10).capacity(), 64U) << "the large block is not kept for small buffers";
}

TEST(BufferPool, GivesMemoryBackAfterAPeak) {
  BufferPool pool(64);
  std::vector<Buffer> many;
  for (std::size_t i = 0; i < 5 * BufferPool::kSpareBlocks; ++i) many.push_back(pool.acquire(1));
  many.clear();
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_LE(pool.spare(), 3 * BufferPool::kSpareBlocks);
  EXPECT_GE(pool.spare(), BufferPool::kSpareBlocks);
}

TEST(BufferPool, CopiesBytes) {
  BufferPool pool;
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  const Buffer copy = pool.copy(bytes);
  EXPECT_TRUE(std::ranges::equal(copy.bytes(), bytes));
  EXPECT_NE(copy.data(), bytes.data());
  EXPECT_TRUE(pool.copy({}).empty());
}

TEST(Buffer, MovesItsBlockAndLeavesNothingBehind) {
  BufferPool pool(64);
  Buffer a = pool.acquire(5);
  const std::byte* block = a.data();
  Buffer b = std::move(a);
  EXPECT_FALSE(static_cast<bool>(a));  // NOLINT(bugprone-use-after-move): this is the test
  EXPECT_EQ(a.size(), 0U);
  EXPECT_EQ(b.data(), block);
  Buffer c = pool.acquire(7);
  c = std::move(b);
  EXPECT_EQ(c.data(), block);
  EXPECT_EQ(c.size(), 5U);
  EXPECT_EQ(pool.in_use(), 1U) << "the replaced block was released";
}

TEST(Buffer, KeepsItsContentWhenResizedWithinItsCapacity) {
  BufferPool pool(64);
  Buffer buffer = pool.acquire(1);
  buffer.bytes()[0] = std::byte{42};
  buffer.resize(buffer.capacity());
  EXPECT_EQ(buffer.size(), 64U);
  EXPECT_EQ(buffer.bytes()[0], std::byte{42});
}

TEST(Buffer, EmptyOneHasNoData) {
  Buffer none;
  EXPECT_FALSE(static_cast<bool>(none));
  EXPECT_EQ(none.capacity(), 0U);
  EXPECT_TRUE(none.bytes().empty());
  none.reset();
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace hawser
