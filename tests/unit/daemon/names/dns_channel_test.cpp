#include "daemon/names/dns_channel.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <optional>

#include "unit/daemon/names/dns_server.hpp"

namespace hawser::daemon::names {
namespace {

using namespace std::chrono_literals;
using Status = DnsChannel::Status;

class DnsChannelTest : public testing::Test {
 protected:
  // Runs the event loop until that many results are there.
  void wait_for(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (results.size() < count && std::chrono::steady_clock::now() < end) context.run_one_for(1s);
    ASSERT_EQ(results.size(), count);
  }
  void ask(const std::string& name, bool v6 = false) { channel->ask({1, name, v6, name}); }
  void open(const std::string& at, const std::string& device = "") {
    channel.emplace(context,
                    DnsChannel::Options{.server = *UdpAddress::parse(at),
                                        .device = device,
                                        .local = at[0] == '[' ? IpAddress::any_v6() : IpAddress::any_v4(),
                                        .on_port =
                                            [this](const DnsChannel::Port& port, bool in_use) {
                                              EXPECT_NE(port.number, 0);
                                              ports += in_use ? 1 : -1;
                                              ++port_changes;
                                            }},
                    [this](DnsChannel::Result result) { results.push_back(std::move(result)); });
  }
  void open() { open("127.0.0.1:" + std::to_string(server.port())); }

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  DnsServer server{context};
  std::optional<DnsChannel> channel;
  std::vector<DnsChannel::Result> results;
  int ports = 0;         ///< in use
  int port_changes = 0;  ///< each port is reported twice
};

TEST_F(DnsChannelTest, GivesTheAddressesOfAName) {
  server.addresses = {{192, 0, 2, 1}, {192, 0, 2, 2}, {0, 0, 0, 0}, {224, 0, 0, 1}};
  open();
  ask("hub.test");
  EXPECT_TRUE(channel->is_busy());
  wait_for(1);
  EXPECT_EQ(results[0].status, Status::good);
  ASSERT_EQ(results[0].addresses.size(), 2U) << "what is no host's address is left out";
  EXPECT_EQ(results[0].addresses[1].to_string(), "192.0.2.2");
  EXPECT_FALSE(channel->is_busy());
}

TEST_F(DnsChannelTest, StatesTheErrorOfTheServer) {
  open();
  ask("hub.test", true);
  wait_for(1);
  EXPECT_EQ(results[0].status, Status::no_address);
  for (const auto& [code, status] : {std::pair<std::uint8_t, Status>{2, Status::server_failure},
                                     {3, Status::no_such_name},
                                     {5, Status::refused},
                                     {1, Status::bad_answer}}) {
    server.code = code;
    ask("hub.test");
    wait_for(results.size() + 1);
    EXPECT_EQ(results.back().status, status) << int{code};
  }
}

TEST_F(DnsChannelTest, AsksForTheNameAsItIs) {
  server.code = 3;
  open();
  ask("hub");
  wait_for(1);
  EXPECT_EQ(server.asked, std::vector<std::string>{"hub A"}) << "no search domains";
}

TEST_F(DnsChannelTest, GivesUpASilentServerAfterItsTimeoutAndAnswersLaterQueriesBefore) {
  server.silent = true;
  server.addresses = {{192, 0, 2, 1}};
  open();
  const auto begin = std::chrono::steady_clock::now();
  ask("silent.test");
  while (server.asked.empty()) context.run_one_for(1s);
  server.silent = false;
  ask("good.test");
  wait_for(1);
  EXPECT_EQ(results[0].query.name, "good.test");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  wait_for(2);
  EXPECT_EQ(results[1].status, Status::timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 6s);
}

TEST_F(DnsChannelTest, ReportsAPortWithoutAServer) {
  open("127.0.0.1:1");
  ask("hub.test");
  wait_for(1);
  EXPECT_EQ(results[0].status, Status::unreachable);
}

TEST_F(DnsChannelTest, ReportsAnInterfaceThatDoesNotExist) {
  open("127.0.0.1:" + std::to_string(server.port()), "none0");
  ask("hub.test");
  wait_for(1);
  EXPECT_EQ(results[0].status, Status::unreachable);
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(DnsChannelTest, SendsOverItsInterface) {
  server.addresses = {{192, 0, 2, 1}};
  open("127.0.0.1:" + std::to_string(server.port()), "lo");
  ask("hub.test");
  EXPECT_EQ(ports, 1);
  wait_for(1);
  EXPECT_EQ(results[0].status, Status::good);
  EXPECT_EQ(ports, 0) << "the socket is closed when no query waits";
  EXPECT_EQ(port_changes, 2);
}

TEST_F(DnsChannelTest, ReportsThePortOfASocketThatCannotBeConnectedAsUnused) {
  open("[2001:db8::53]:53", "lo");  // there is no route to it over the loopback interface
  ask("hub.test");
  wait_for(1);
  EXPECT_EQ(results[0].status, Status::unreachable);
  EXPECT_EQ(ports, 0);
  EXPECT_EQ(port_changes, 2);
}

TEST_F(DnsChannelTest, BoundsTheQueriesThatWait) {
  server.silent = true;
  open();
  for (std::size_t i = 0; i < 3 * DnsChannel::kMaxPending; ++i) ask("hub.test");
  context.run_for(100ms);
  EXPECT_EQ(server.asked.size(), DnsChannel::kMaxPending);
}

TEST_F(DnsChannelTest, GivesNoResultOfWhatWaitsWhenItIsDestroyed) {
  server.silent = true;
  open("127.0.0.1:" + std::to_string(server.port()), "lo");
  ask("hub.test");
  context.run_for(50ms);
  EXPECT_EQ(ports, 1);
  channel.reset();
  EXPECT_EQ(ports, 0);
  context.run_for(50ms);
  EXPECT_TRUE(results.empty());
}

}  // namespace
}  // namespace hawser::daemon::names
