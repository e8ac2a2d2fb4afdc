#include "sctp/path/sent_packets.hpp"

#include <gtest/gtest.h>

#include "sctp/path/record_numbers.hpp"

namespace hawser::sctp::path {
namespace {

class SentPacketsTest : public ::testing::Test {
 protected:
  /// Adds packets whose size is their number.
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      SentPacket packet;
      packet.bytes = static_cast<std::uint32_t>(sent.next().value());
      sent.add(packet);
    }
  }
  void add_record(std::uint64_t key) {
    SentPacket packet;
    packet.record = key;
    sent.add(packet);
  }
  /// Size of the packet; 0: it is not remembered.
  std::uint32_t bytes(std::uint64_t number) {
    const SentPacket* packet = sent.find(PacketNumber{number});
    return packet == nullptr ? 0 : packet->bytes;
  }
  void forget_before(std::uint64_t number) { sent.forget_before(PacketNumber{number}); }
  /// Number of the packet with this record; 0: there is none.
  std::uint64_t with_record(std::uint64_t key) {
    const SentPacket* found = sent.find_record(key);
    for (std::uint64_t number = 1; found != nullptr && number < sent.next().value(); ++number)
      if (sent.find(PacketNumber{number}) == found) return number;
    return 0;
  }

  SentPackets sent;
};

TEST_F(SentPacketsTest, NumbersBeginAtOneAndOnlySentOnesAreFound) {
  EXPECT_EQ(sent.next(), PacketNumber{1});
  EXPECT_EQ(sent.find(PacketNumber{}), nullptr);
  EXPECT_EQ(sent.find(PacketNumber{1}), nullptr);
  add(2);
  EXPECT_EQ(sent.next(), PacketNumber{3});
  EXPECT_EQ(bytes(1), 1U);
  EXPECT_EQ(bytes(2), 2U);
  EXPECT_EQ(sent.find(PacketNumber{}), nullptr);
  EXPECT_EQ(sent.find(PacketNumber{3}), nullptr);
}

TEST_F(SentPacketsTest, KeepsAllPacketsThatMayBeInFlight) {
  for (std::uint64_t count : {1U, 15U, 16U, 17U, 1'000U}) {
    add(count - (sent.next().value() - 1));
    for (std::uint64_t number = 1; number <= count; ++number) ASSERT_EQ(bytes(number), number);
  }
}

TEST_F(SentPacketsTest, GrowsWhereTheRingHasWrapped) {
  add(16);
  forget_before(10);
  add(30);
  for (std::uint64_t number = 10; number <= 46; ++number) ASSERT_EQ(bytes(number), number);
}

TEST_F(SentPacketsTest, DoesNotGrowForPacketsThatAreDone) {
  for (int i = 0; i < 1'000; ++i) {
    add(1);
    sent.forget_before(sent.next());
  }
  EXPECT_EQ(bytes(985), 985U) << "late packets are still found for a while";
  EXPECT_EQ(bytes(984), 0U);
}

TEST_F(SentPacketsTest, WhatWasForgottenStaysSo) {
  add(16);
  forget_before(9);
  forget_before(3);
  add(8);
  EXPECT_EQ(bytes(8), 0U) << "its place was free";
  EXPECT_EQ(bytes(9), 9U);
}

TEST_F(SentPacketsTest, PacketsThatWereNotSentCannotBeForgotten) {
  add(3);
  forget_before(1'000'000);
  EXPECT_FALSE(sent.full());
  add(16);
  EXPECT_FALSE(sent.full());
  EXPECT_EQ(bytes(4), 4U);
  EXPECT_EQ(bytes(3), 0U);
}

TEST_F(SentPacketsTest, IsFullWhenTheNextPacketWouldDisplaceOneInFlight) {
  add(SentPackets::kMaxPackets - 1);
  EXPECT_FALSE(sent.full());
  add(1);
  EXPECT_TRUE(sent.full());
  EXPECT_EQ(bytes(1), 1U);
  forget_before(2);
  EXPECT_FALSE(sent.full());
  add(1);
  EXPECT_TRUE(sent.full());
  EXPECT_EQ(bytes(1), 0U);
  EXPECT_EQ(bytes(2), 2U);
}

TEST_F(SentPacketsTest, FindsThePacketOfARecordAndOfNoOther) {
  EXPECT_EQ(with_record(1), 0U);
  for (const std::uint64_t key : {0U, 0U, 5U, 6U, 9U, 12U})
    add_record(key);  // the first ones were not sealed
  EXPECT_EQ(with_record(5), 3U);
  EXPECT_EQ(with_record(6), 4U);
  EXPECT_EQ(with_record(9), 5U);
  EXPECT_EQ(with_record(12), 6U);
  for (const std::uint64_t key : {4U, 7U, 8U, 10U, 11U, 13U}) EXPECT_EQ(with_record(key), 0U) << key;
}

TEST_F(SentPacketsTest, FindsRecordsAcrossTheWrapOfTheRingAndOnlyRememberedOnes) {
  for (std::uint64_t i = 1; i <= 100; ++i) {
    add_record(3 * i);
    sent.forget_before(sent.next());
  }
  for (std::uint64_t i = 85; i <= 100; ++i) EXPECT_EQ(with_record(3 * i), i);
  EXPECT_EQ(with_record(3 * 84), 0U);
  EXPECT_EQ(with_record(3 * 85 + 1), 0U);
}

TEST_F(SentPacketsTest, RecordsUnderNewKeysFollowThoseUnderOldOnes) {
  const auto key = [](std::uint64_t generation, std::uint64_t sequence) {
    return RecordNumbers::key(generation, RecordSequence{sequence});
  };
  add_record(key(1, (std::uint64_t{1} << 48U) - 1));
  add_record(key(2, 0));
  add_record(key(2, 1));
  EXPECT_EQ(with_record(key(1, (std::uint64_t{1} << 48U) - 1)), 1U);
  EXPECT_EQ(with_record(key(2, 0)), 2U);
  EXPECT_EQ(with_record(key(2, 1)), 3U);
  EXPECT_EQ(with_record(key(1, 0)), 0U);
}

}  // namespace
}  // namespace hawser::sctp::path
