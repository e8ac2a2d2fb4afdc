#include "sctp/wire/path_ack.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "hawser/sctp/packet_observer.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/sealed_chunk.hpp"
#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

/// The PATH ACKs that an endpoint sends, and where they stand in their packets.
class PathAcks final : public PacketObserver {
 public:
  struct Sent {
    Timestamp at;
    Route route;
    wire::ChunkType next;
    std::uint32_t sent_at_us = 0;
    std::vector<wire::PathAckEntry> entries;
  };
  void on_packet(Timestamp now, const ObservedPacket& packet) override {
    if (packet.direction != PacketDirection::sent) return;
    std::vector<std::byte> bytes(packet.header.begin(), packet.header.end());
    bytes.insert(bytes.end(), packet.chunks.begin(), packet.chunks.end());
    wire::ChunkReader reader = wire::PacketView::parse(bytes)->chunks();
    while (const auto chunk = reader.next()) {
      if (chunk->is(wire::ChunkType::kNrSack) || chunk->is(wire::ChunkType::kSack)) ++sacks;
      if (!chunk->is(wire::ChunkType::kPathAck)) continue;
      const auto ack = wire::PathAckChunk::parse(*chunk);
      ASSERT_TRUE(ack);
      Sent noted{now, packet.route, {}, ack->sent_at_us, {ack->entries.begin(), ack->entries.end()}};
      const auto next = reader.next();
      if (next) noted.next = next->chunk_type();
      if (next) ++sacks;
      sent.push_back(std::move(noted));
    }
  }
  std::vector<Sent> sent;
  std::size_t sacks = 0;
};

void send_some(EndpointPair& pair, int messages) {
  for (int i = 0; i < messages; ++i) {
    ASSERT_EQ(pair.send(pair.client, "ping"), SendResult::ok);
    pair.run(1ms);
  }
  pair.run(100ms);
}

TEST(PathAck, PrecedesEveryNrSackOfDataInSealedPacketsAndNamesTheRecord) {
  ProtectedPair pair;
  pair.connect();
  PathAcks acks;
  pair.server.endpoint.set_packet_observer(&acks);
  const std::size_t before = pair.client.sent.size();
  send_some(pair, 5);
  ASSERT_FALSE(acks.sent.empty());
  EXPECT_EQ(acks.sent.size(), acks.sacks);
  std::optional<wire::RecordHeader> newest;
  for (std::size_t i = before; i < pair.client.sent.size(); ++i) {
    ASSERT_TRUE(is_sealed(pair.client.sent[i]));
    newest = wire::read_record_header(pair.client.sent[i].bytes);
  }
  for (const PathAcks::Sent& each : acks.sent) {
    EXPECT_EQ(each.next, wire::ChunkType::kNrSack);
    EXPECT_EQ(each.sent_at_us, wire::wire_microseconds(each.at));
    ASSERT_EQ(each.entries.size(), 1U);
    EXPECT_EQ(each.entries[0].record, (RecordOrigin{newest->epoch, newest->path_id}));
    EXPECT_LE(each.sent_at_us - each.entries[0].received_us, 20'000U);
  }
  EXPECT_EQ(acks.sent.back().entries[0].sequence, newest->sequence.value());
}

TEST(PathAck, CountsTheMarksOfTheDatagramsThatCarriedData) {
  ProtectedPair pair;
  pair.connect();
  send_some(pair, 1);
  PathAcks acks;
  pair.server.endpoint.set_packet_observer(&acks);
  const auto last = [&acks] { return acks.sent.back().entries.at(0); };
  pair.ecn_to_server = Ecn::ect0;
  send_some(pair, 3);
  const wire::PathAckEntry before = last();
  EXPECT_GE(before.ect, 3);
  EXPECT_EQ(before.ce, 0);
  pair.ecn_to_server = Ecn::ce;
  send_some(pair, 2);
  EXPECT_EQ(last().packets - before.packets, 2);
  EXPECT_EQ(last().ect - before.ect, 2);
  EXPECT_EQ(last().ce, 2);
  pair.ecn_to_server = Ecn::not_ect;
  send_some(pair, 2);
  EXPECT_EQ(last().packets - before.packets, 4);
  EXPECT_EQ(last().ect - before.ect, 2);
}

TEST(PathAck, IsNotSentInPlainSctp) {
  EndpointPair pair;
  pair.connect();
  PathAcks acks;
  pair.server.endpoint.set_packet_observer(&acks);
  send_some(pair, 5);
  EXPECT_GT(acks.sacks, 0U);
  EXPECT_TRUE(acks.sent.empty());
}

TEST(PathAck, IsDroppedWhenThePacketIsNotSealed) {
  EndpointPair pair;
  pair.connect();
  const wire::PathAckEntry entry{};
  std::array<std::byte, 24> bytes{};
  ByteWriter writer(bytes);
  wire::write_path_ack(writer, 1, {&entry, 1});
  pair.to_server(pair.from_client().raw(writer.written()).take());
  EXPECT_EQ(pair.server.drops(DropReason::unprotected_chunk), 1U);
}

}  // namespace
}  // namespace hawser::sctp::test
