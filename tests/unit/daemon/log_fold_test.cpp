#include "daemon/log_fold.hpp"

#include <gtest/gtest.h>

namespace hawser::daemon {
namespace {

using namespace std::chrono_literals;

TEST(LogFold, WritesATextOnceAndSumsUpItsRepetitions) {
  LogFold fold;
  Timestamp now{100s};
  EXPECT_EQ(fold.note(now, "no answer"), 0U);
  for (int i = 0; i < 59; ++i) EXPECT_FALSE(fold.note(now += 5s, "no answer"));
  EXPECT_EQ(fold.note(now += 5s, "no answer"), 59U);
  EXPECT_FALSE(fold.note(now += 5s, "no answer"));
}

TEST(LogFold, WritesEachOfTwoTextsThatAlternateOnce) {
  LogFold fold;
  const Timestamp now{100s};
  std::size_t written = 0;
  for (int i = 0; i < 50; ++i)
    written +=
        static_cast<std::size_t>(fold.note(now + i * 1s, i % 2 == 0 ? "no answer" : "refused").has_value());
  EXPECT_EQ(written, 2U);
}

TEST(LogFold, IsNewAfterItWasCleared) {
  LogFold fold;
  EXPECT_TRUE(fold.note(Timestamp{}, "no answer"));
  fold.clear();
  EXPECT_TRUE(fold.note(Timestamp{}, "no answer"));
}

}  // namespace
}  // namespace hawser::daemon
