#include "daemon/peering/resolver.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <optional>

namespace hawser::daemon::peering {
namespace {

using namespace std::chrono_literals;

std::vector<config::HostPort> endpoints(std::initializer_list<const char*> texts) {
  std::vector<config::HostPort> out;
  for (const char* text : texts) out.push_back(*config::HostPort::parse(text));
  return out;
}

class ResolverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  std::vector<UdpAddress> resolve(std::vector<config::HostPort> what) {
    std::optional<std::vector<UdpAddress>> found;
    resolver.emplace(context);
    resolver->resolve(std::move(what),
                      [&](std::vector<UdpAddress> addresses) { found = std::move(addresses); });
    const auto work = boost::asio::make_work_guard(context);
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!found && std::chrono::steady_clock::now() < end) context.run_one_for(1s);
    EXPECT_TRUE(found);
    return found.value_or(std::vector<UdpAddress>{});
  }

  boost::asio::io_context context;
  std::optional<Resolver> resolver;
};

TEST_F(ResolverTest, KeepsTheOrderOfLiteralsAndNames) {
  const auto found = resolve(endpoints({"192.0.2.1:1", "localhost:7", "[2001:db8::1]:2"}));
  ASSERT_GE(found.size(), 3U);
  EXPECT_EQ(found.front().to_string(), "192.0.2.1:1");
  EXPECT_EQ(found.back().to_string(), "[2001:db8::1]:2");
  EXPECT_EQ(found[1].port, 7);
  EXPECT_TRUE(found[1].to_string() == "127.0.0.1:7" || found[1].to_string() == "[::1]:7")
      << found[1].to_string();
}

TEST_F(ResolverTest, LeavesOutWhatHasNoAddress) {
  const auto found = resolve(endpoints({"no-such-host.invalid:1", "192.0.2.1:1"}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to_string(), "192.0.2.1:1");
}

TEST_F(ResolverTest, GivesNoAnswerAfterItIsDestroyed) {
  bool answered = false;
  {
    Resolver brief(context);
    brief.resolve(endpoints({"localhost:1"}), [&](const std::vector<UdpAddress>&) { answered = true; });
  }
  const auto work = boost::asio::make_work_guard(context);
  context.run_for(500ms);
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace hawser::daemon::peering
