// A user whose messages wait until the engine asks for them, over simulated links.
#include <algorithm>
#include <vector>

#include "base/ring_queue.hpp"
#include "hawser/sctp/message_source.hpp"
#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

using sctp::TrafficClass;

constexpr std::size_t kBulkSize = 1380;
constexpr std::size_t kRealtimeSize = 200;

/// Bulk messages without end, and the real-time messages that were added. The payload begins with the time at
/// which a message was made.
class SaturatedSource final : public sctp::MessageSource {
 public:
  explicit SaturatedSource(BufferPool& pool) : pool_(pool) {}

  void add_realtime(Timestamp now) { realtime_.push_back(make(now, kRealtimeSize)); }
  [[nodiscard]] bool waiting(TrafficClass traffic_class) const override {
    return traffic_class == TrafficClass::bulk || !realtime_.empty();
  }
  [[nodiscard]] std::size_t waiting_bytes() const override { return 1U << 20; }
  [[nodiscard]] bool next(Timestamp now, TrafficClass traffic_class, sctp::OutgoingMessage& out) override {
    const bool realtime = traffic_class == TrafficClass::realtime;
    out.message = realtime ? realtime_.pop_front() : make(now, kBulkSize);
    out.options = {.stream = sctp::StreamId{1}, .unordered = realtime};
    return true;
  }

 private:
  [[nodiscard]] Buffer make(Timestamp now, std::size_t size) {
    Buffer buffer = pool_.acquire(size);
    std::ranges::fill(buffer.bytes(), std::byte{});
    store_be(buffer.data(), static_cast<std::uint64_t>(now.time_since_epoch().count()));
    return buffer;
  }

  BufferPool& pool_;
  RingQueue<Buffer> realtime_;
};

/// Fixture: the edge always has bulk messages, and a real-time message each 10 ms.
class Pulled : public Scenario {
 protected:
  Bond& start(std::vector<UplinkSpec> uplinks, sctp::Scheduling scheduling = sctp::Scheduling::earliest) {
    BondSpec spec = bond_of(std::move(uplinks), 31);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.sealed = scheduling != sctp::Scheduling::earliest;
    spec.edge.scheduling = scheduling;
    Bond& bond = make(spec);
    EXPECT_TRUE(bond.establish() && bond.add_all_paths());
    source_ = std::make_unique<SaturatedSource>(bond.edge().pool());
    bond.edge().endpoint().set_message_source(bond.edge_id(), source_.get());
    bond.hub().on_message = [this, &bond](sctp::ReceivedMessage&& message) {
      const auto made = Timestamp(Duration(load_be<std::uint64_t>(message.payload.data())));
      if (message.unordered) delays_.push_back(bond.world().now() - made);
      bytes_ += message.payload.size();
    };
    return bond;
  }
  void run(Bond& bond, Duration time) {
    for (Duration passed{}; passed < time; passed += 10ms) {
      source_->add_realtime(bond.world().now());
      bond.edge().endpoint().notify_waiting(bond.edge_id());
      bond.edge().drain();
      bond.run_for(10ms);
    }
  }
  /// The delays since the last call.
  [[nodiscard]] std::vector<Duration> take_delays() { return std::exchange(delays_, {}); }
  [[nodiscard]] std::size_t take_bytes() { return std::exchange(bytes_, 0); }
  void TearDown() override {
    source_.reset();
    Scenario::TearDown();
  }

 private:
  std::unique_ptr<SaturatedSource> source_;
  std::vector<Duration> delays_;
  std::size_t bytes_ = 0;
};

TEST_F(Pulled, MessagesFillTwoUplinks) {
  Bond& bond = start({uplink(20, 20ms), uplink(20, 20ms)});
  run(bond, 3s);
  static_cast<void>(take_bytes());
  run(bond, 5s);
  const double mbps = static_cast<double>(take_bytes()) * 8 / 5e6;
  EXPECT_GE(mbps, 0.9 * 40);
  EXPECT_LE(bond.edge().endpoint().send_backlog(bond.edge_id()), kBulkSize + kRealtimeSize);
}

// Only the real-time messages leave twice. When a path dies under load, those that the other one carries
// arrive as if nothing had happened.
TEST_F(Pulled, RedundantRealtimeMessagesDoNotNoticeThatAPathDies) {
  Bond& bond = start({uplink(20, 20ms), uplink(20, 20ms)}, sctp::Scheduling::redundant);
  run(bond, 5s);
  const auto copied = [&bond] {
    return bond.edge_path(0)->counters.data_chunks_copied + bond.edge_path(1)->counters.data_chunks_copied;
  };
  EXPECT_GE(copied(), 450U);
  EXPECT_LE(copied(), 520U) << "bulk messages leave once";
  EXPECT_EQ(bond.edge_path(0)->counters.spurious_losses + bond.edge_path(1)->counters.spurious_losses, 0U);
  static_cast<void>(take_delays());
  bond.set_blackhole(0, true);
  run(bond, 1s);
  auto delays = take_delays();
  ASSERT_GE(delays.size(), 90U);
  std::ranges::sort(delays);
  EXPECT_LE(delays.back(), 100ms);
  static_cast<void>(take_bytes());
  run(bond, 3s);
  EXPECT_GE(static_cast<double>(take_bytes()) * 8 / 3e6, 0.85 * 20)
      << "and the rate is that of the other path";
}

// 50 and 2 Mbit/s, and the 50 dies: what was in flight there takes the other uplink seconds.
TEST_F(Pulled, RealtimeMessagesDoNotWaitForTheRetransmissionsOfALostUplink) {
  Bond& bond = start({uplink(50, 20ms), uplink(2, 20ms)});
  run(bond, 5s);
  static_cast<void>(take_delays());
  bond.set_blackhole(0, true);
  const auto retransmitted = [&bond] { return bond.edge_path(1)->counters.data_chunks_retransmitted; };
  run(bond, 700ms);
  const auto first = take_delays();
  ASSERT_FALSE(first.empty()) << "nothing has arrived 0.7 s after the outage";
  const auto before = retransmitted();
  run(bond, 2s);
  EXPECT_GT(retransmitted() - before, 200U) << "the lost messages are still being sent again";
  auto delays = take_delays();
  EXPECT_GE(delays.size(), 195U);
  std::ranges::sort(delays);
  EXPECT_LE(delays[delays.size() / 2], 200ms);
  EXPECT_LE(delays.back(), 400ms);
}

}  // namespace
}  // namespace hawser::sim
