#include "trace/packet_view.hpp"

#include <gtest/gtest.h>

#include "sctp/wire/crc32c.hpp"
#include "trace/crc32c.hpp"
#include "trace/packets.hpp"

namespace hawser::trace {
namespace {

TEST(TracePacketView, DescribesTheMainFieldsOfEachChunk) {
  EXPECT_EQ(describe(joined({header(), data_chunk(), sack_chunk()})),
            "tag=1a2b3c4d DATA(tsn=7 sid=1 ssn=2 ppid=51 BE 3) SACK(cum=3 rwnd=65536 dups=1 g2-4)");
}

TEST(TracePacketView, ReadsAPacketThatIsInTwoPlaces) {
  const auto head = header();
  const auto chunks = joined({sack_chunk(), data_chunk()});
  PacketView view;
  view.parse(head, chunks);
  EXPECT_TRUE(view.well_formed);
  EXPECT_EQ(view.source_port, 9899);
  EXPECT_EQ(view.destination_port, 5001);
  EXPECT_EQ(view.tag, 0x1a2b'3c4dU);
  ASSERT_EQ(view.chunks.size(), 2U);
  EXPECT_EQ(view.chunks[1].value.size(), 15U) << "without header and padding";
  EXPECT_EQ(describe(view), describe(joined({head, chunks})));
}

TEST(TracePacketView, MarksAPacketThatEndsInsideAChunk) {
  auto packet = joined({header(), data_chunk()});
  packet.resize(packet.size() - 4);
  EXPECT_EQ(describe(packet), "tag=1a2b3c4d (malformed)");
}

TEST(TracePacketView, ShowsTheClearFieldsOfASealedChunk) {
  auto chunk = bytes_of({0x5e, 0, 0, 28, 3, 1, 0, 0, 0, 0, 0, 9});
  chunk.resize(28);
  PacketView view;
  view.parse(header(), chunk);
  const auto record = record_of(view);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->path_id, 3);
  EXPECT_EQ(record->epoch, 1);
  EXPECT_EQ(record->sequence, 9U);
  EXPECT_EQ(describe(view), "tag=1a2b3c4d SEALED(path=3 epoch=1 seq=9 24)");
}

TEST(TraceChecksum, IsTheOneThatTheEngineAccepts) {
  auto packet = joined({header(), data_chunk(), sack_chunk()});
  const std::uint32_t crc = packet_checksum(Bytes(packet).first(12), Bytes(packet).subspan(12));
  EXPECT_FALSE(sctp::wire::checksum_ok(packet));
  store_be(packet.data() + 8, __builtin_bswap32(crc));
  EXPECT_TRUE(sctp::wire::checksum_ok(packet));
}

}  // namespace
}  // namespace hawser::trace
