#include "sctp/tx/packet_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sctp/wire/crc32c.hpp"

namespace hawser::sctp::tx {
namespace {

constexpr std::uint16_t kPeerPort = 5000;

// A packet with a common header, filled with `fill`.
std::vector<std::byte> packet_of(const PacketWriter& writer, std::size_t size, std::byte fill) {
  std::vector<std::byte> packet(size, fill);
  static_cast<void>(writer.begin(packet));
  return packet;
}

class PacketWriterTest : public ::testing::Test {
 protected:
  PacketWriterTest() { writer.set_peer_tag(VerificationTag{77}); }

  PacketWriter writer{9899, kPeerPort};
  path::RecordNumbers numbers;
};

TEST_F(PacketWriterTest, BeginsWithTheCommonHeader) {
  auto packet = packet_of(writer, 64, std::byte{0});
  const auto view = wire::PacketView::parse(packet);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header().source_port, 9899);
  EXPECT_EQ(view->header().destination_port, kPeerPort);
  EXPECT_EQ(view->header().verification_tag, VerificationTag{77});
}

TEST_F(PacketWriterTest, FinishesAPacketOfPlainSctpWithItsChecksum) {
  auto packet = packet_of(writer, 100, std::byte{0x5a});
  EXPECT_FALSE(wire::checksum_ok(packet));
  EXPECT_TRUE(writer.finish(Timestamp{}, {}, packet, numbers));
  EXPECT_TRUE(wire::checksum_ok(packet));
}

TEST_F(PacketWriterTest, MakesEverySingleFlippedBitShow) {
  auto packet = packet_of(writer, 64, std::byte{0x11});
  PacketWriter::finish_plain(packet);
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(wire::checksum_ok(packet)) << "bit " << bit;
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
}

TEST_F(PacketWriterTest, FinishesEveryPacketOfABatch) {
  TransmitBatch batch;
  for (const std::size_t size : {40U, 40U, 28U}) {
    const auto packet = packet_of(writer, size, static_cast<std::byte>(size));
    std::ranges::copy(packet, batch.next(size).begin());
    batch.commit(size);
  }
  EXPECT_TRUE(writer.finish(Timestamp{}, batch, numbers));
  MutableBytes rest = batch.bytes();
  for (const std::size_t size : batch.sizes()) {
    EXPECT_TRUE(wire::checksum_ok(rest.first(size)));
    rest = rest.subspan(size);
  }
}

TEST_F(PacketWriterTest, SealsNothingWithoutKeys) {
  EXPECT_FALSE(writer.seals());
}

}  // namespace
}  // namespace hawser::sctp::tx
