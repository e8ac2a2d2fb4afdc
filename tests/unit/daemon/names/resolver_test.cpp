#include "daemon/names/resolver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hawser::daemon::names {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    std::string pattern = (fs::temp_directory_path() / "hawser-resolver-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    file = folder + "/resolv.conf";
  }
  ~ResolverTest() override { fs::remove_all(folder); }

  Resolver make() {
    return Resolver(context, [this](const NameAnswer& answer) { answers.push_back(answer); },
                    {.files = {file}});
  }
  const NameAnswer* from(const std::string& source) const {
    const auto at = std::ranges::find(answers, source, &NameAnswer::source);
    return at == answers.end() ? nullptr : &*at;
  }
  void wait_for(const std::string& source) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (from(source) == nullptr && std::chrono::steady_clock::now() < end) context.run_one_for(1s);
    ASSERT_NE(from(source), nullptr);
  }

  std::string folder;
  std::string file;
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  std::vector<NameAnswer> answers;
};

TEST_F(ResolverTest, AsksTheSystemAsWell) {
  Resolver resolver = make();
  resolver.resolve({7, "localhost", {}});
  EXPECT_TRUE(answers.empty()) << "answers come later";
  wait_for("system");
  const NameAnswer& answer = *from("system");
  EXPECT_EQ(answer.question, 7U);
  EXPECT_EQ(answer.host, "localhost");
  ASSERT_FALSE(answer.addresses.empty());
  EXPECT_TRUE(answer.addresses[0].is_loopback());
}

TEST_F(ResolverTest, StatesThatThereIsNoNameServer) {
  Resolver resolver = make();
  resolver.resolve({1, "hub.invalid", {{"eth0"}}});
  wait_for(file);
  EXPECT_EQ(from(file)->failure, "no name server");
}

TEST_F(ResolverTest, AsksEveryServerOverEveryInterfaceButThoseOfThisMachineWithoutOne) {
  std::ofstream(file) << "nameserver 127.0.0.77\nnameserver 192.0.2.53\nnameserver fe80::1%none1\n";
  Resolver resolver = make();
  resolver.resolve({1, "hub.invalid", {{"none0"}, {"none1"}}});
  for (const char* source :
       {"127.0.0.77", "192.0.2.53 over none0", "192.0.2.53 over none1", "fe80::1 over none1"}) {
    wait_for(source);
    EXPECT_EQ(from(source)->failure, "unreachable") << source;
  }
  EXPECT_EQ(from("fe80::1 over none0"), nullptr) << "its address is valid on the other interface only";
}

TEST_F(ResolverTest, ReadsTheServersAgainForEveryQuestion) {
  std::ofstream(file) << "nameserver 127.0.0.77\n";
  Resolver resolver = make();
  resolver.resolve({1, "hub.invalid", {}});
  wait_for("127.0.0.77");
  std::ofstream(file) << "nameserver 127.0.0.78\n";
  resolver.resolve({2, "hub.invalid", {}});
  wait_for("127.0.0.78");
}

TEST_F(ResolverTest, GivesNoAnswerAfterItIsDestroyed) {
  std::ofstream(file) << "nameserver 127.0.0.77\n";
  {
    Resolver brief = make();
    brief.resolve({1, "localhost", {}});
  }
  context.run_for(500ms);
  EXPECT_TRUE(answers.empty());
}

}  // namespace
}  // namespace hawser::daemon::names
