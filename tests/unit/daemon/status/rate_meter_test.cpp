#include "daemon/status/rate_meter.hpp"

#include <gtest/gtest.h>

namespace hawser::daemon::status {
namespace {

using namespace std::chrono_literals;

sctp::AssociationStatus status(std::uint64_t sent, std::uint64_t received, std::uint64_t chunks = 0,
                               std::uint64_t lost = 0) {
  sctp::AssociationStatus s;
  s.id = sctp::AssociationId{1};
  sctp::PathStatus path;
  path.id = sctp::PathId{2};
  path.counters.bytes_sent = sent;
  path.counters.bytes_received = received;
  path.counters.data_chunks_sent = chunks;
  path.counters.data_chunks_lost = lost;
  s.paths = {path};
  return s;
}

PathRates rates(const RateMeter& meter) {
  return meter.rates(sctp::AssociationId{1}, sctp::PathId{2});
}

TEST(RateMeter, IsZeroUntilThereAreTwoSamples) {
  RateMeter meter;
  EXPECT_EQ(rates(meter).tx_mbps, 0);
  meter.sample(Timestamp{1s}, status(1'000'000, 0));
  EXPECT_EQ(rates(meter).tx_mbps, 0);
  meter.sample(Timestamp{2s}, status(2'000'000, 250'000));
  EXPECT_DOUBLE_EQ(rates(meter).tx_mbps, 8);
  EXPECT_DOUBLE_EQ(rates(meter).rx_mbps, 2);
}

TEST(RateMeter, ForgetsRatesAfterTwoSecondsAndLossAfterTen) {
  RateMeter meter;
  std::uint64_t bytes = 0;
  for (int second = 0; second <= 20; ++second) {
    bytes += second < 10 ? 1'000'000 : 0;
    meter.sample(Timestamp{std::chrono::seconds(second)},
                 status(bytes, 0, 100U * static_cast<unsigned>(second), second < 15 ? 0 : 25));
  }
  EXPECT_DOUBLE_EQ(rates(meter).tx_mbps, 0);
  EXPECT_DOUBLE_EQ(rates(meter).loss_percent, 2.5);
  for (int second = 21; second <= 30; ++second) {
    meter.sample(Timestamp{std::chrono::seconds(second)},
                 status(bytes, 0, 100U * static_cast<unsigned>(second), 25));
  }
  EXPECT_DOUBLE_EQ(rates(meter).loss_percent, 0);
}

TEST(RateMeter, ForgetsPathsThatAreGone) {
  RateMeter meter;
  meter.sample(Timestamp{1s}, status(0, 0));
  meter.sample(Timestamp{2s}, status(1'000'000, 0));
  meter.prune(Timestamp{2s});
  EXPECT_GT(rates(meter).tx_mbps, 0);
  meter.prune(Timestamp{3s});
  EXPECT_EQ(rates(meter).tx_mbps, 0);
}

}  // namespace
}  // namespace hawser::daemon::status
