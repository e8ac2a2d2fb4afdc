#include "daemon/log_sink.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

namespace hawser::daemon {
namespace {

// A log whose reader reads only when the test does.
class LogSinkTest : public testing::Test {
 protected:
  void open(std::array<int, 2> ends) {
    reader = std::make_unique<FileDescriptor>(ends[0]);
    writer = std::make_unique<FileDescriptor>(ends[1]);
    ::fcntl(reader->get(), F_SETFL, O_NONBLOCK);
    sink = std::make_shared<LogSink>(writer->get());
    log = std::make_unique<spdlog::logger>("test", sink);
    log->set_pattern("%v");
  }
  void open_pipe() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    open(ends);
  }
  void open_socket() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    open(ends);
  }
  std::string read_all() {
    std::string out;
    std::array<char, 4096> part;
    for (ssize_t got = 0; (got = ::read(reader->get(), part.data(), part.size())) > 0;)
      out.append(part.data(), static_cast<std::size_t>(got));
    return out;
  }
  // Logs far more than a pipe or socket holds. Would never return if a write could block.
  void flood() {
    for (int i = 0; i < 20'000; ++i) log->info("line {} of a flood that nothing reads in the meantime", i);
    EXPECT_GT(sink->dropped(), 1'000U);
    const std::string text = read_all();
    EXPECT_TRUE(text.starts_with("line 0 of"));
    log->info("after");
    log->info("and on");
    const std::string rest = read_all();
    EXPECT_NE(rest.find(std::to_string(sink->dropped()) + " log lines dropped"), std::string::npos) << rest;
    EXPECT_TRUE(rest.ends_with("after\nand on\n")) << rest;
  }

  std::unique_ptr<FileDescriptor> reader;
  std::unique_ptr<FileDescriptor> writer;
  std::shared_ptr<LogSink> sink;
  std::unique_ptr<spdlog::logger> log;
};

TEST_F(LogSinkTest, WritesLines) {
  open_pipe();
  log->info("one");
  log->warn("two");
  EXPECT_EQ(read_all(), "one\ntwo\n");
}

TEST_F(LogSinkTest, NeverWaitsForTheReaderOfAPipe) {
  open_pipe();
  flood();
}

TEST_F(LogSinkTest, NeverWaitsForTheReaderOfASocket) {
  open_socket();
  flood();
}

TEST_F(LogSinkTest, LeavesTheOpenFileOfOthersBlocking) {
  open_pipe();
  log->info("one");
  EXPECT_EQ(::fcntl(writer->get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace hawser::daemon
