#include "daemon/hooks/child_process.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <string>

namespace hawser::daemon::hooks {
namespace {

using namespace std::chrono_literals;

bool becomes_readable(int descriptor, std::chrono::milliseconds patience) {
  pollfd waiting{descriptor, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

TEST(ChildProcessTest, ReportsWhenTheProgramHasEnded) {
  const auto child = ChildProcess::start("/bin/cat", {});  // /dev/null is soon read
  ASSERT_TRUE(child);
  ASSERT_TRUE(becomes_readable((*child)->exit_descriptor(), 10s));
  EXPECT_TRUE((*child)->has_ended());
  const int status = (*child)->reap();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE((*child)->has_ended());
}

TEST(ChildProcessTest, HasNotEndedWhileItRuns) {
  const auto child = ChildProcess::start("/usr/bin/yes", {});  // writes without end
  ASSERT_TRUE(child);
  ASSERT_TRUE(becomes_readable((*child)->output_descriptor(), 10s));
  EXPECT_FALSE(becomes_readable((*child)->exit_descriptor(), 0ms));
  EXPECT_FALSE((*child)->has_ended());
  (*child)->signal(SIGTERM);
  ASSERT_TRUE(becomes_readable((*child)->exit_descriptor(), 10s));
  EXPECT_TRUE((*child)->has_ended());
  const int status = (*child)->reap();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST(ChildProcessTest, ThatCannotBeRunReportsWhy) {
  const auto child = ChildProcess::start("/nowhere/at/all", {});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error(), std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace hawser::daemon::hooks
