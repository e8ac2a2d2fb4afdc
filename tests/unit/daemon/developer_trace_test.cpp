#include "daemon/developer_trace.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace hawser::daemon {
namespace {

TEST(DeveloperTrace, IsNotThereWithoutItsVariable) {
  ::unsetenv("HAWSER_TRACE");
  EXPECT_EQ(open_developer_trace(Timestamp{}), nullptr);
}

TEST(DeveloperTrace, IsThereInDebugBuildsOnly) {
  const std::string path = ::testing::TempDir() + "hawser_developer_trace.txt";
  ::setenv("HAWSER_TRACE", path.c_str(), 1);
  EXPECT_EQ(open_developer_trace(Timestamp{}) != nullptr, HAWSER_DEVELOPER_TRACE != 0);
  ::unsetenv("HAWSER_TRACE");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace hawser::daemon
