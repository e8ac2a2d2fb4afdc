#include "base/ring_bitmap.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace hawser {
namespace {

TEST(RingBitmap, StartsWithNothingSet) {
  const RingBitmap bits(128);
  EXPECT_EQ(bits.find_set(0, 128), RingBitmap::kNone);
}

TEST(RingBitmap, SetsTestsAndClearsSingleNumbers) {
  RingBitmap bits(128);
  bits.set(63);
  bits.set(64);
  EXPECT_TRUE(bits.test(63));
  EXPECT_TRUE(bits.test(64));
  EXPECT_FALSE(bits.test(62));
  EXPECT_FALSE(bits.test(65));
  bits.clear(63);
  EXPECT_FALSE(bits.test(63));
  EXPECT_TRUE(bits.test(64));
}

TEST(RingBitmap, FindsTheFirstSetNumberOfARange) {
  RingBitmap bits(256);
  bits.set(5);
  bits.set(130);
  EXPECT_EQ(bits.find_set(0, 256), 5U);
  EXPECT_EQ(bits.find_set(5, 256), 5U);
  EXPECT_EQ(bits.find_set(6, 256), 130U);
  EXPECT_EQ(bits.find_set(131, 256), RingBitmap::kNone);
}

TEST(RingBitmap, TheEndOfARangeIsNotPartOfIt) {
  RingBitmap bits(128);
  bits.set(70);
  EXPECT_EQ(bits.find_set(0, 70), RingBitmap::kNone);
  EXPECT_EQ(bits.find_set(0, 71), 70U);
  EXPECT_EQ(bits.find_set(70, 70), RingBitmap::kNone);
}

TEST(RingBitmap, WorksFarBeyondItsCapacity) {
  RingBitmap bits(64);
  constexpr std::uint64_t kFar = (std::uint64_t{1} << 40) + 61;
  bits.set(kFar);
  bits.set(kFar + 10);
  EXPECT_EQ(bits.find_set(kFar - 20, kFar + 20), kFar);
  EXPECT_EQ(bits.find_set(kFar + 1, kFar + 20), kFar + 10);
}

using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Runs runs_of(const RingBitmap& bits, std::uint64_t from, std::uint64_t to) {
  Runs runs;
  bits.for_each_run(from, to, [&](std::uint64_t first, std::uint64_t last) {
    runs.emplace_back(first, last);
    return true;
  });
  return runs;
}

TEST(RingBitmap, FindsTheFirstClearNumberOfARange) {
  RingBitmap bits(256);
  for (std::uint64_t n = 10; n < 140; ++n) bits.set(n);
  EXPECT_EQ(bits.find_clear(0, 256), 0U);
  EXPECT_EQ(bits.find_clear(10, 256), 140U);
  EXPECT_EQ(bits.find_clear(10, 141), 140U);
  EXPECT_EQ(bits.find_clear(10, 140), RingBitmap::kNone);
  EXPECT_EQ(bits.find_clear(64, 128), RingBitmap::kNone);
  EXPECT_EQ(bits.find_clear(70, 70), RingBitmap::kNone);
}

TEST(RingBitmap, ClearsARangeAndNothingElse) {
  for (const auto& [from, to] : Runs{{0, 0}, {3, 4}, {0, 64}, {60, 70}, {64, 128}, {63, 129}, {1, 255}}) {
    RingBitmap bits(256);
    for (std::uint64_t n = 0; n < 256; ++n) bits.set(n);
    bits.clear(from, to);
    for (std::uint64_t n = 0; n < 256; ++n) ASSERT_EQ(bits.test(n), n < from || n >= to) << n;
  }
}

TEST(RingBitmap, VisitsEveryRunOfARangeLowestFirst) {
  RingBitmap bits(256);
  for (const std::uint64_t n : {5U, 6U, 63U, 64U, 65U, 127U, 191U, 192U}) bits.set(n);
  EXPECT_EQ(runs_of(bits, 0, 256), (Runs{{5, 6}, {63, 65}, {127, 127}, {191, 192}}));
  EXPECT_EQ(runs_of(bits, 6, 192), (Runs{{6, 6}, {63, 65}, {127, 127}, {191, 191}}));
  EXPECT_EQ(runs_of(bits, 64, 128), (Runs{{64, 65}, {127, 127}}));
  EXPECT_TRUE(runs_of(bits, 66, 127).empty());
  EXPECT_TRUE(runs_of(bits, 63, 63).empty());
}

TEST(RingBitmap, StopsAtTheRunAtWhichTheVisitorHasEnough) {
  RingBitmap bits(128);
  for (const std::uint64_t n : {1U, 3U, 70U}) bits.set(n);
  int visits = 0;
  bits.for_each_run(0, 128, [&](std::uint64_t, std::uint64_t) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

TEST(RingBitmap, KeepsItsBitsWhenItGrows) {
  constexpr std::uint64_t kBase = 1'000'005;  // inside a word: the first and the last number share it
  RingBitmap bits(64);
  for (std::uint64_t n = kBase; n < kBase + 64; n += 3) bits.set(n);
  bits.grow(256, kBase, kBase + 64);
  EXPECT_EQ(bits.capacity(), 256U);
  for (std::uint64_t n = kBase; n < kBase + 64; ++n) EXPECT_EQ(bits.test(n), (n - kBase) % 3 == 0) << n;
  EXPECT_EQ(bits.find_set(kBase + 64, kBase + 256), RingBitmap::kNone);
}

TEST(RingBitmap, AgreesWithASetOverARandomWalk) {
  constexpr std::size_t kCapacity = 512;
  RingBitmap bits(kCapacity);
  std::set<std::uint64_t> model;
  std::mt19937_64 random(7);
  std::uint64_t base = 1'000'000;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t n = base + random() % kCapacity;
    if (random() % 2 == 0) {
      bits.set(n);
      model.insert(n);
    } else {
      bits.clear(n);
      model.erase(n);
    }
    const std::uint64_t from = base + random() % kCapacity;
    const std::uint64_t to = from + random() % (base + kCapacity - from + 1);
    const auto at = model.lower_bound(from);
    ASSERT_EQ(bits.find_set(from, to), at == model.end() || *at >= to ? RingBitmap::kNone : *at);
    std::uint64_t missing = from;
    while (missing < to && model.contains(missing)) ++missing;
    ASSERT_EQ(bits.find_clear(from, to), missing < to ? missing : RingBitmap::kNone);
    std::size_t set_in_range = 0;
    const Runs runs = runs_of(bits, from, to);
    for (const auto& [first, last] : runs) set_in_range += last - first + 1;
    const std::size_t from_top = 1 + random() % (runs.size() + 2);
    ASSERT_EQ(bits.find_run_from_top(from, to, from_top),
              from_top > runs.size() ? RingBitmap::kNone : runs[runs.size() - from_top].first);
    ASSERT_EQ(set_in_range, static_cast<std::size_t>(std::distance(at, model.lower_bound(to))));
    if (step % 16 == 0) {
      bits.clear(base);
      model.erase(base);
      ++base;
    }
  }
}

}  // namespace
}  // namespace hawser
