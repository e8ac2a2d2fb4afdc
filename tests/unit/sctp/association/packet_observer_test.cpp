#include "hawser/sctp/packet_observer.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sctp/wire/packet.hpp"
#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::association {
namespace {

using test::EndpointPair;
using test::ProtectedPair;

/// Keeps every reported packet as one piece: common header and chunks.
class Recorder final : public PacketObserver {
 public:
  struct Packet {
    PacketDirection direction;
    bool sealed;
    std::vector<std::byte> bytes;
  };

  void on_packet(Timestamp, const ObservedPacket& packet) override {
    std::vector<std::byte> bytes(packet.header.begin(), packet.header.end());
    bytes.insert(bytes.end(), packet.chunks.begin(), packet.chunks.end());
    packets.push_back({packet.direction, packet.sealed, std::move(bytes)});
  }
  [[nodiscard]] std::ptrdiff_t count(PacketDirection direction, bool sealed, wire::ChunkType type) const {
    return std::ranges::count_if(packets, [&](const Packet& packet) {
      if (packet.direction != direction || packet.sealed != sealed) return false;
      wire::ChunkReader reader = wire::PacketView::parse(packet.bytes)->chunks();
      while (const auto chunk = reader.next()) {
        if (chunk->is(type)) return true;
      }
      return false;
    });
  }

  std::vector<Packet> packets;
};

TEST(PacketObserver, GetsEveryPacketOfPlainSctpInBothDirections) {
  Recorder recorder;
  EndpointPair pair;
  pair.client.endpoint.set_packet_observer(&recorder);
  pair.connect();
  EXPECT_EQ(recorder.count(PacketDirection::sent, false, wire::ChunkType::kInit), 1);
  EXPECT_EQ(recorder.count(PacketDirection::received, false, wire::ChunkType::kInitAck), 1);
  EXPECT_EQ(recorder.count(PacketDirection::sent, false, wire::ChunkType::kCookieEcho), 1);
  const auto sent = std::ranges::count(recorder.packets, PacketDirection::sent, &Recorder::Packet::direction);
  EXPECT_EQ(static_cast<std::size_t>(sent), pair.client.sent.size());
  const std::size_t seen = recorder.packets.size();
  pair.client.endpoint.set_packet_observer(nullptr);
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  pair.carry();
  EXPECT_EQ(recorder.packets.size(), seen) << "it is removed";
}

TEST(PacketObserver, GetsSealedPacketsInClearTextWithTheFinalOne) {
  Recorder recorder;
  ProtectedPair pair;
  pair.server.endpoint.set_packet_observer(&recorder);
  pair.connect();
  EXPECT_EQ(recorder.count(PacketDirection::received, false, wire::ChunkType::kInit), 1);
  EXPECT_GE(recorder.count(PacketDirection::received, true, wire::ChunkType::kHeartbeat), 1);
  EXPECT_GE(recorder.count(PacketDirection::sent, true, wire::ChunkType::kHeartbeatAck), 1);
  EXPECT_EQ(recorder.count(PacketDirection::sent, true, wire::ChunkType::kAbort), 0);
  pair.server.endpoint.abort(pair.now, pair.server_id, "the end");
  pair.carry();
  EXPECT_EQ(recorder.count(PacketDirection::sent, true, wire::ChunkType::kAbort), 1);
}

TEST(PacketObserver, GetsAnOutOfTheBluePacketAndItsAnswerButNoneWithAWrongChecksum) {
  Recorder recorder;
  EndpointPair pair;
  pair.server.endpoint.set_packet_observer(&recorder);
  const test::ByteVector stray = test::Craft(VerificationTag{0x1234}).unknown(0xC5).take();
  pair.server.deliver(pair.now, {pair.server_route(), stray});
  pair.server.poll(pair.now);
  ASSERT_EQ(recorder.packets.size(), 2U);
  EXPECT_EQ(recorder.packets[0].direction, PacketDirection::received);
  EXPECT_EQ(recorder.count(PacketDirection::sent, false, wire::ChunkType::kAbort), 1);
  test::ByteVector damaged = stray;
  damaged.back() ^= std::byte{1};
  pair.server.deliver(pair.now, {pair.server_route(), damaged});
  pair.server.poll(pair.now);
  EXPECT_EQ(recorder.packets.size(), 2U);
}

}  // namespace
}  // namespace hawser::sctp::association
