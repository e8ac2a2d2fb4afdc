#include "sctp/path/flight.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart = Timestamp{} + 1h;

TEST(PathFlight, NotesWithEachPacketWhatIsInFlightWithIt) {
  PathFlight flight;
  EXPECT_EQ(flight.last_sent, Timestamp::min());
  flight.on_sent(kStart, 1'000, 7);
  flight.on_sent(kStart + 1ms, 500, 8);
  EXPECT_EQ(flight.bytes, 1'500U);
  EXPECT_EQ(flight.last_sent, kStart + 1ms);
  const SentPacket& second = *flight.sent.find(PacketNumber{2});
  EXPECT_EQ(second.sent_at, kStart + 1ms);
  EXPECT_EQ(second.bytes, 500U);
  EXPECT_EQ(second.flight, 1'500U);
  EXPECT_EQ(second.record, 8U);
  EXPECT_TRUE(second.in_flight);
  EXPECT_EQ(flight.sent.find(PacketNumber{1})->flight, 1'000U);
}

TEST(PathFlight, APacketLeavesTheFlightOnce) {
  PathFlight flight;
  flight.on_sent(kStart, 1'000, 0);
  flight.on_sent(kStart, 500, 0);
  EXPECT_EQ(flight.take_out(PacketNumber{1}), 1'000U);
  EXPECT_EQ(flight.bytes, 500U);
  EXPECT_EQ(flight.take_out(PacketNumber{1}), 0U) << "several chunks were in the packet";
  EXPECT_EQ(flight.bytes, 500U);
  EXPECT_FALSE(flight.sent.find(PacketNumber{1})->in_flight);
}

TEST(PathFlight, PacketsThatAreNotKnownAreNotInFlight) {
  PathFlight flight;
  flight.on_sent(kStart, 1'000, 0);
  EXPECT_EQ(flight.take_out(PacketNumber{0}), 0U);
  EXPECT_EQ(flight.take_out(PacketNumber{2}), 0U);
  EXPECT_EQ(flight.bytes, 1'000U);
}

TEST(PathFlight, DeliveryIsMeasuredFromTheFirstPacketAfterAPause) {
  PathFlight flight;
  flight.on_sent(kStart, 1'000, 0);
  flight.on_sent(kStart + 5ms, 1'000, 0);
  EXPECT_EQ(flight.sent.find(PacketNumber{2})->before.sent_at, kStart) << "the path was in use";
  flight.take_out(PacketNumber{1});
  flight.take_out(PacketNumber{2});
  flight.on_sent(kStart + 10s, 1'000, 0);
  EXPECT_EQ(flight.sent.find(PacketNumber{3})->before.sent_at, kStart + 10s);
  EXPECT_EQ(flight.sent.find(PacketNumber{3})->before.acked_at, kStart + 10s);
}

TEST(PathFlight, RecoveryLastsUntilAPacketThatLeftAfterItBeganIsAcknowledged) {
  PathFlight flight;
  EXPECT_FALSE(flight.in_recovery());
  flight.recovery_end = PacketNumber{10};
  flight.largest_acked = PacketNumber{9};
  EXPECT_TRUE(flight.in_recovery());
  flight.largest_acked = PacketNumber{10};
  EXPECT_FALSE(flight.in_recovery());
}

TEST(PathFlight, HasteningStartsNoTimerAndDelaysNone) {
  PathFlight flight;
  flight.hasten_t3(kStart);
  EXPECT_EQ(flight.t3, kNever);
  flight.t3 = kStart + 1s;
  flight.hasten_t3(kStart + 2s);
  EXPECT_EQ(flight.t3, kStart + 1s);
  flight.hasten_t3(kStart + 500ms);
  EXPECT_EQ(flight.t3, kStart + 500ms);
}

}  // namespace
}  // namespace hawser::sctp::path
