#include "sctp/tx/packet_protection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sctp/wire/packet.hpp"

namespace hawser::sctp::tx {
namespace {

std::vector<std::byte> packet_of(std::size_t size, std::byte fill) {
  std::vector<std::byte> packet(size, fill);
  const wire::CommonHeader header{9899, 9899, 77, 0};
  header.store(packet.data());
  return packet;
}

TEST(PacketProtection, OpensWhatItSealed) {
  auto packet = packet_of(100, std::byte{0x5a});
  EXPECT_EQ(open(packet), DropReason::bad_checksum);
  seal(MutableBytes(packet));
  EXPECT_EQ(open(packet), std::nullopt);
}

TEST(PacketProtection, NoticesEverySingleFlippedBit) {
  auto packet = packet_of(64, std::byte{0x11});
  seal(MutableBytes(packet));
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_EQ(open(packet), DropReason::bad_checksum) << "bit " << bit;
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
}

TEST(PacketProtection, RefusesWhatIsShorterThanACommonHeader) {
  auto packet = packet_of(12, std::byte{0});
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_EQ(open(MutableBytes(packet).first(size)), DropReason::truncated_packet);
  }
}

TEST(PacketProtection, SealsEveryPacketOfABatch) {
  TransmitBatch batch;
  for (const std::size_t size : {40U, 40U, 28U}) {
    const auto packet = packet_of(size, static_cast<std::byte>(size));
    std::ranges::copy(packet, batch.next(size).begin());
    batch.commit(size);
  }
  seal(batch);
  MutableBytes rest = batch.bytes();
  for (const std::size_t size : batch.sizes()) {
    EXPECT_EQ(open(rest.first(size)), std::nullopt);
    rest = rest.subspan(size);
  }
}

}  // namespace
}  // namespace hawser::sctp::tx
