#include <gtest/gtest.h>

#include <set>

#include "sctp/security/replay_window.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::test {
namespace {

constexpr std::uint64_t kSize = security::ReplayWindow::kSize;

/// A simple model of the window, computed from the recent numbers.
class NaiveWindow {
 public:
  [[nodiscard]] bool fresh(std::uint64_t sequence) const {
    if (taken_.empty() || sequence > *taken_.rbegin()) return true;
    return *taken_.rbegin() - sequence < kSize && !taken_.contains(sequence);
  }
  void take(std::uint64_t sequence) {
    taken_.insert(sequence);
    while (*taken_.rbegin() - *taken_.begin() > 2 * kSize) taken_.erase(taken_.begin());
  }

 private:
  std::set<std::uint64_t> taken_;
};

TEST(ReplayWindow, TakesEveryNumberOnce) {
  security::ReplayWindow window;
  for (std::uint64_t sequence = 0; sequence < 3 * kSize; ++sequence) {
    ASSERT_TRUE(window.fresh(RecordSequence{sequence})) << sequence;
    ASSERT_TRUE(window.newest(RecordSequence{sequence})) << sequence;
    window.take(RecordSequence{sequence});
    ASSERT_FALSE(window.fresh(RecordSequence{sequence})) << sequence;
    ASSERT_FALSE(window.newest(RecordSequence{sequence})) << sequence;
  }
}

TEST(ReplayWindow, KnowsTheNewestAndWhatIsWithinTheWindowUpToIt) {
  // For every position of the newest number within its word of 64 bits.
  for (std::uint64_t newest = 5 * kSize; newest < 5 * kSize + 130; ++newest) {
    security::ReplayWindow window;
    window.take(RecordSequence{newest});
    for (std::uint64_t back = 1; back < kSize; ++back)
      ASSERT_TRUE(window.fresh(RecordSequence{newest - back})) << back;
    for (std::uint64_t back = kSize; back < kSize + 200; ++back)
      ASSERT_FALSE(window.fresh(RecordSequence{newest - back})) << back;
  }
}

TEST(ReplayWindow, RemembersTheOldestNumberWithinIt) {
  security::ReplayWindow window;
  window.take(RecordSequence{1000});
  window.take(RecordSequence{1000 + kSize - 1});
  EXPECT_FALSE(window.fresh(RecordSequence{1000})) << "still within the window, and taken";
  EXPECT_TRUE(window.fresh(RecordSequence{1001}));
  window.take(RecordSequence{1000 + kSize});
  EXPECT_FALSE(window.fresh(RecordSequence{1000})) << "too old";
  EXPECT_TRUE(window.fresh(RecordSequence{1001}));
}

TEST(ReplayWindow, ForgetsNothingWronglyWhenItJumpsFurtherThanItsMemory) {
  for (const std::uint64_t jump : {kSize - 1, kSize, kSize + 63, kSize + 64, std::uint64_t{128 * 64 - 1},
                                   std::uint64_t{128 * 64}, std::uint64_t{128 * 64 + 1}, 10 * kSize}) {
    security::ReplayWindow window;
    for (std::uint64_t sequence = 0; sequence < kSize; ++sequence) window.take(RecordSequence{sequence});
    const std::uint64_t newest = kSize - 1 + jump;
    window.take(RecordSequence{newest});
    EXPECT_FALSE(window.fresh(RecordSequence{newest}));
    for (std::uint64_t back = 1; back < kSize; ++back) {
      const std::uint64_t sequence = newest - back;
      ASSERT_EQ(window.fresh(RecordSequence{sequence}), sequence >= kSize)
          << "jump " << jump << ", " << back << " back";
    }
  }
}

TEST(ReplayWindow, WorksUpToTheLastSequenceNumber) {
  constexpr std::uint64_t kLast = (std::uint64_t{1} << 48U) - 1;
  security::ReplayWindow window;
  window.take(RecordSequence{0});
  window.take(RecordSequence{kLast});
  EXPECT_FALSE(window.fresh(RecordSequence{kLast}));
  EXPECT_FALSE(window.fresh(RecordSequence{0}));
  EXPECT_TRUE(window.fresh(RecordSequence{kLast - 1}));
  EXPECT_TRUE(window.fresh(RecordSequence{kLast - kSize + 1}));
  EXPECT_FALSE(window.fresh(RecordSequence{kLast - kSize}));
}

/// The range of random numbers around the newest one.
struct Scatter {
  std::uint64_t back;
  std::uint64_t ahead;
};

TEST(ReplayWindow, AgreesWithANaiveModelOnRandomSequences) {
  for (const Scatter scatter : {Scatter{3, 3}, Scatter{70, 2}, Scatter{2 * kSize, 1}, Scatter{kSize, 90},
                                Scatter{kSize + 64, 1000}, Scatter{3 * kSize, 3 * kSize}}) {
    TestRandom random(scatter.back * 7 + scatter.ahead);
    security::ReplayWindow window;
    NaiveWindow model;
    std::uint64_t newest = 0;
    for (int step = 0; step < 30'000; ++step) {
      const std::uint64_t spread = random.u64() % (scatter.back + scatter.ahead + 1);
      const std::uint64_t sequence = newest + spread - std::min(newest + spread, scatter.back);
      ASSERT_EQ(window.fresh(RecordSequence{sequence}), model.fresh(sequence))
          << "step " << step << ", " << sequence;
      if (!window.fresh(RecordSequence{sequence})) continue;
      window.take(RecordSequence{sequence});
      model.take(sequence);
      newest = std::max(newest, sequence);
    }
  }
}

}  // namespace
}  // namespace hawser::sctp::test
