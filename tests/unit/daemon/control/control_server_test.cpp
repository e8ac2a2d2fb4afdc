#include "daemon/control/control_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <optional>
#include <thread>

#include "control/message.hpp"

namespace hawser::daemon {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

class ControlServerTest : public testing::Test {
 protected:
  void SetUp() override {
    directory = fs::temp_directory_path() / ("hawser-control-" + std::to_string(getpid()));
    path = (directory / "run" / "a.sock").string();
  }
  void TearDown() override {
    stop();
    fs::remove_all(directory);
  }
  void start() {
    server.emplace(context, path, [](std::string_view line) { return "got " + std::string(line) + "\n"; });
    thread = std::thread([this] { context.run(); });
  }
  void stop() {
    context.stop();
    if (thread.joinable()) thread.join();
    server.reset();
  }
  std::string read_line(asio::local::stream_protocol::socket& socket) {
    std::string text;
    boost::system::error_code error;
    const std::size_t size = asio::read_until(socket, asio::dynamic_buffer(text), '\n', error);
    return error ? "error: " + error.message() : text.substr(0, size);
  }

  fs::path directory;
  std::string path;
  asio::io_context context;
  asio::io_context client_context;
  std::optional<ControlServer> server;
  std::thread thread;
};

TEST_F(ControlServerTest, AnswersLineByLine) {
  start();
  asio::local::stream_protocol::socket client(client_context);
  client.connect(path);
  asio::write(client, asio::buffer(std::string("one\n")));
  EXPECT_EQ(read_line(client), "got one\n");
  asio::write(client, asio::buffer(std::string("tw")));
  asio::write(client, asio::buffer(std::string("o\n")));
  EXPECT_EQ(read_line(client), "got two\n");
}

TEST_F(ControlServerTest, LetsOwnerAndGroupInAndCleansUp) {
  start();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0660U);
  stop();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(ControlServerTest, CutsOffARequestWithoutEnd) {
  start();
  asio::local::stream_protocol::socket client(client_context);
  client.connect(path);
  boost::system::error_code ignored;
  asio::write(client, asio::buffer(std::string(control::kMaxRequest + 10, 'x')), ignored);
  const std::string answer = read_line(client);
  EXPECT_NE(answer.find("request longer than 4096 bytes"), std::string::npos) << answer;
  EXPECT_TRUE(read_line(client).starts_with("error: "));
}

TEST_F(ControlServerTest, ReplacesADeadSocketButNotALiveOne) {
  start();
  asio::io_context other;
  const auto answer = [](std::string_view) { return std::string("\n"); };
  EXPECT_THROW(ControlServer(other, path, answer), std::runtime_error);
  EXPECT_TRUE(fs::exists(path));  // the failed one did not remove the other's
  stop();
  { asio::local::stream_protocol::acceptor leftover(other, path); }
  ASSERT_TRUE(fs::exists(path));
  EXPECT_NO_THROW(ControlServer(other, path, answer));
}

TEST_F(ControlServerTest, LeavesAFileThatIsNoSocketAlone) {
  fs::create_directories(fs::path(path));
  EXPECT_THROW(ControlServer(context, path, [](std::string_view) { return std::string(); }), std::exception);
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(ControlServerTest, WaitsWhileThereIsNoDescriptorForAConnection) {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer needs descriptors of its own";
#endif
#endif
  server.emplace(context, path, [](std::string_view) { return std::string("\n"); });
  asio::local::stream_protocol::socket client(client_context);
  client.connect(path);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int used = ::open("/dev/null", O_RDONLY | O_CLOEXEC);  // the lowest free number
  const rlimit none{static_cast<rlim_t>(used), before.rlim_max};
  ::close(used);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::size_t attempts = context.run_for(std::chrono::milliseconds(300));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_LT(attempts, 20U) << "no busy loop";
  asio::write(client, asio::buffer(std::string("x\n")));
  thread = std::thread([this] { context.run(); });
  EXPECT_EQ(read_line(client), "\n") << "accepted later";
}

TEST_F(ControlServerTest, LimitsTheNumberOfClients) {
  start();
  std::vector<asio::local::stream_protocol::socket> clients;
  for (std::size_t i = 0; i < ControlServer::kMaxClients; ++i) {
    clients.emplace_back(client_context).connect(path);
    asio::write(clients.back(), asio::buffer(std::string("x\n")));
    EXPECT_EQ(read_line(clients.back()), "got x\n");
  }
  asio::local::stream_protocol::socket late(client_context);
  late.connect(path);
  EXPECT_TRUE(read_line(late).starts_with("error: "));
}

}  // namespace
}  // namespace hawser::daemon
