// The properties of links that the sweep needs beside rate, delay and loss.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/link.hpp"

namespace hawser::sim {
namespace {

using namespace std::chrono_literals;

/// Fixture: sends datagrams of 1000 bytes over one link and notes when they arrive, and in which order.
class LinkModel : public ::testing::Test {
 protected:
  void open(const LinkConfig& config) {
    link_ = std::make_unique<Link>(events_, config, 7, [this](SimDatagram&& datagram) {
      numbers_.push_back(std::to_integer<unsigned>(datagram.payload[0]) * 256U +
                         std::to_integer<unsigned>(datagram.payload[1]));
      arrivals_.push_back(events_.now());
    });
  }
  void send(unsigned number) {
    SimDatagram datagram;
    datagram.payload.resize(1000);
    datagram.payload[0] = static_cast<std::byte>(number >> 8U);
    datagram.payload[1] = static_cast<std::byte>(number & 255U);
    datagram.whole_packet = true;
    link_->send(std::move(datagram));
  }
  void send_every(Duration gap, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      send(i);
      events_.run_for(gap);
    }
    events_.run_for(1s);
  }

  EventQueue events_;
  std::unique_ptr<Link> link_;
  std::vector<unsigned> numbers_;
  std::vector<Timestamp> arrivals_;
};

TEST_F(LinkModel, PolicesARateWithoutAQueue) {
  LinkConfig config;
  config.policer_rate = 800'000;  // 100 datagrams a second
  config.policer_burst = 10'000;
  open(config);
  send_every(5ms, 400);  // two seconds at twice the rate
  EXPECT_NEAR(static_cast<double>(numbers_.size()), 10 + 200, 2);
  EXPECT_EQ(link_->counters().policed, 400 - numbers_.size());
}

TEST_F(LinkModel, SpreadsDelaysNormallyAndReorders) {
  LinkConfig config;
  config.delay = 50ms;
  config.deviation = 5ms;
  config.deviation_reorders = true;
  open(config);
  const Timestamp start = events_.now();
  send_every(1ms, 4000);
  ASSERT_EQ(numbers_.size(), 4000U);
  double sum = 0;
  double squares = 0;
  bool ordered = true;
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const double ms = std::chrono::duration<double, std::milli>(arrivals_[i] - start).count() - numbers_[i];
    sum += ms;
    squares += ms * ms;
    ordered = ordered && (i == 0 || numbers_[i] > numbers_[i - 1]);
  }
  const double mean = sum / 4000;
  EXPECT_NEAR(mean, 50, 0.5);
  EXPECT_NEAR(std::sqrt(squares / 4000 - mean * mean), 5, 0.4);
  EXPECT_FALSE(ordered);
}

TEST_F(LinkModel, KeepsTheOrderOfSpreadDelaysUnlessTold) {
  LinkConfig config;
  config.delay = 50ms;
  config.deviation = 5ms;
  open(config);
  send_every(1ms, 1000);
  for (std::size_t i = 1; i < numbers_.size(); ++i) ASSERT_GT(numbers_[i], numbers_[i - 1]);
}

TEST_F(LinkModel, DrainsItsQueueAtANewRate) {
  LinkConfig config;
  config.rate = 8'000'000;  // a datagram each millisecond
  config.queue_bytes = 100'000;
  open(config);
  for (unsigned i = 0; i < 50; ++i) send(i);
  link_->set_rate(800'000, 100'000);  // now each ten milliseconds: the queue holds half a second
  const Timestamp changed = events_.now();
  send(50);
  events_.run_for(2s);
  ASSERT_EQ(numbers_.size(), 51U);
  EXPECT_EQ(arrivals_.back() - changed, 510ms);
}

TEST_F(LinkModel, CountsAWholePacketWithoutAUdpHeader) {
  open({});
  send(1);
  events_.run_for(1ms);
  EXPECT_EQ(link_->counters().bytes_delivered, 1000U);
}

}  // namespace
}  // namespace hawser::sim
