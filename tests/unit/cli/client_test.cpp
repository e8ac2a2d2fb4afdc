#include "cli/client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace hawser::cli {
namespace {

namespace fs = std::filesystem;

/// Fixture with a temporary directory for sockets.
class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    directory = fs::temp_directory_path() / ("hawser-cli-" + std::to_string(getpid()));
    fs::create_directories(directory);
  }
  void TearDown() override { fs::remove_all(directory); }

  void touch(const std::string& name) const { std::ofstream(directory / name).put('x'); }
  [[nodiscard]] std::string in(const std::string& name) const { return (directory / name).string(); }

  /// Returns a listening socket at `path`.
  int listen_on(const std::string& path) const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    return fd;
  }
  /// Answers the first request with `answer` and closes the connection; returns the request.
  static std::string serve_once(int listener, const std::string& answer) {
    const int fd = ::accept(listener, nullptr, nullptr);
    char request[256] = {};
    const ssize_t size = ::read(fd, request, sizeof request);
    for (const char c : answer) (void)!::write(fd, &c, 1);  // in many pieces
    ::close(fd);
    ::close(listener);
    return std::string(request, static_cast<std::size_t>(size));
  }

  fs::path directory;
};

TEST_F(ClientTest, TakesTheOnlySocket) {
  touch("hawser0.sock");
  touch("notes.txt");
  EXPECT_EQ(*choose_socket("", "", directory.string()), in("hawser0.sock"));
}

TEST_F(ClientTest, NeedsANameWhenThereAreSeveral) {
  touch("b.sock");
  touch("a.sock");
  const auto chosen = choose_socket("", "", directory.string());
  EXPECT_EQ(chosen.error().exit, Exit::usage);
  EXPECT_EQ(chosen.error().message, "several interfaces, name one: a b");
  EXPECT_EQ(*choose_socket("", "a", directory.string()), in("a.sock"));
}

TEST_F(ClientTest, PrefersAPathThatIsGiven) {
  EXPECT_EQ(*choose_socket("/x/y", "", "/nowhere"), "/x/y");
}

TEST_F(ClientTest, ReportsThatNoDaemonRuns) {
  EXPECT_EQ(choose_socket("", "", directory.string()).error().exit, Exit::not_running);
  EXPECT_EQ(choose_socket("", "", in("missing")).error().exit, Exit::not_running);
  EXPECT_EQ(ask(in("missing.sock"), "x\n").error().exit, Exit::not_running);
  ::close(listen_on(in("dead.sock")));
  EXPECT_EQ(ask(in("dead.sock"), "x\n").error().exit, Exit::not_running);
}

TEST_F(ClientTest, RefusesAPathAsInterface) {
  EXPECT_EQ(choose_socket("", "../x", "/").error().exit, Exit::usage);
}

TEST_F(ClientTest, ReturnsTheAnswerLine) {
  const int listener = listen_on(in("a.sock"));
  std::string request;
  std::thread server([&] { request = serve_once(listener, "{\"a\":1}\n"); });
  const auto answer = ask(in("a.sock"), "question\n");
  server.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "{\"a\":1}");
  EXPECT_EQ(request, "question\n");
}

TEST_F(ClientTest, NoticesAnAnswerThatBreaksOff) {
  const int listener = listen_on(in("a.sock"));
  std::thread server([&] { serve_once(listener, "{\"a\""); });
  const auto answer = ask(in("a.sock"), "question\n");
  server.join();
  EXPECT_EQ(answer.error().exit, Exit::failed);
}

}  // namespace
}  // namespace hawser::cli
