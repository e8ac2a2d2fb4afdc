#include "sctp/tx/transmitter.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "unit/sctp/support/procedure_bench.hpp"
#include "unit/sctp/support/tx_support.hpp"

namespace hawser::sctp::tx {
namespace {

using namespace std::chrono_literals;

/// Notes what leaves; its window is always open.
class RecordingController final : public path::CongestionController {
 public:
  struct Sent {
    std::size_t bytes = 0;
    std::size_t flight = 0;
    bool operator==(const Sent&) const = default;
  };
  void on_sent(Timestamp /*now*/, std::size_t bytes, std::size_t flight) override {
    sent.push_back({bytes, flight});
  }
  void on_ack(const path::AckSample& /*ack*/) override {}
  void on_loss(const path::LossSample& /*loss*/) override {}
  void on_spurious_loss() override {}
  void on_timeout() override {}
  void on_spurious_timeout() override {}
  void on_return(bool /*brief*/) override {}
  void on_mtu(std::size_t /*packet_size*/) override {}
  [[nodiscard]] std::size_t cwnd() const override { return 1'000'000; }
  [[nodiscard]] std::size_t ssthresh() const override { return 1'000'000; }
  [[nodiscard]] double pacing_rate() const override { return 0; }

  std::vector<Sent> sent;
};

class TransmitterTest : public ::testing::Test {
 protected:
  TransmitterTest() {
    auto controller = std::make_unique<RecordingController>();
    recorded = controller.get();
    path.congestion = std::move(controller);
    data.on_established(1, 1'000'000);
    writer.set_peer_tag(VerificationTag{77});
    transmitter.on_established(true, wire::kCommonHeaderSize + wire::kDataHeaderSize);
  }

  test::ProcedureBench bench;
  BufferPool pool;
  Timestamp now = Timestamp{} + 1h;
  path::PathValidation validation{bench.validation()};
  path::Path& path = test::add_active(bench.paths, 1);
  RecordingController* recorded = nullptr;
  DataSender data{bench.config, pool, Tsn{1000}};
  LossRecovery recovery{{bench.config, bench.paths, validation, data}};
  PacketWriter writer{9899, 9899};
  rx::Receiver receiver{Tsn{1}, 1, bench.config, pool};
  Transmitter transmitter{{bench.config, bench.paths, data, recovery, writer}};
  TransmitBatch batch;
};

// A second report would halve what proportional rate reduction lets leave during recovery.
TEST_F(TransmitterTest, ReportsEachPacketOnceToCongestionControl) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(data.enqueue(now, pool.acquire(1'000), {}), SendResult::ok);
  std::vector<RecordingController::Sent> expected;
  std::size_t flight = 0;
  while (transmitter.poll(now, true, receiver, batch)) {
    for (const std::size_t size : batch.sizes()) {
      const std::size_t bytes = path.ip_size(size);
      expected.push_back({bytes, flight += bytes});
    }
  }
  EXPECT_EQ(expected.size(), 3U);
  EXPECT_EQ(recorded->sent, expected);
  EXPECT_EQ(path.flight.bytes, flight);
}

}  // namespace
}  // namespace hawser::sctp::tx
