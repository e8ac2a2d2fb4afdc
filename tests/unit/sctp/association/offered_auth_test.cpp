// A peer that offers AUTH (RFC 4895) in the handshake of a protected association: records authenticate whole
// packets, so the offer has no effect.

#include <gtest/gtest.h>

#include <set>

#include "fuzz/protected_peer.hpp"
#include "sctp/wire/auth.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;
using fuzz::ByteVector;
using fuzz::chunk_bytes;
using fuzz::Sent;
using wire::ChunkType;
using wire::ParameterType;

// A complete offer: AUTH among the extensions, and a list of all chunks that an end may send in records.
ByteVector auth_offer() {
  constexpr std::array kExtension = {std::byte{0x0f}};
  constexpr std::array kHmacs = {std::byte{0}, std::byte{3}, std::byte{0}, std::byte{1}};
  constexpr std::array kChunks = {std::byte{0x00}, std::byte{0x03}, std::byte{0x04}, std::byte{0x05},
                                  std::byte{0x09}, std::byte{0x10}, std::byte{0x80}, std::byte{0xc1}};
  ByteVector room(128);
  ByteWriter writer(room);
  wire::write_parameter(writer, ParameterType::kSupportedExtensions, kExtension);
  wire::write_parameter(writer, ParameterType::kRandom, ByteVector(32, std::byte{0x5a}));
  wire::write_parameter(writer, ParameterType::kChunkList, kChunks);
  wire::write_parameter(writer, ParameterType::kRequestedHmacAlgorithm, kHmacs);
  room.resize(writer.size());
  return room;
}

class OfferedAuth : public ::testing::Test {
 protected:
  /// A protected endpoint under test and the peer that makes the offer; both are up.
  struct Ends {
    explicit Ends(bool hub_tested) : target(hub_tested), peer(!hub_tested) { peer.offer(auth_offer()); }

    void give(const ByteVector& packet) { handle(target.give(fuzz::usual_route(), packet)); }
    void give_sealed(const ByteVector& chunks) { give(*peer.seal(chunks)); }
    /// Notes the chunks of what the endpoint has sent, opened, and passes it to the peer.
    void handle(const std::vector<Sent>& sent) {
      for (const Sent& each : sent) {
        if (!wire::is_sealed(each.bytes)) {
          note(wire::ChunkReader(Bytes(each.bytes)));
          peer.receive(target.now(), each.bytes);
          continue;
        }
        ++records;
        ByteVector copy = each.bytes;
        note(peer.open(target.now(), copy).chunks());
      }
    }
    void note(wire::ChunkReader chunks) {
      while (const auto chunk = chunks.next()) seen.insert(chunk->chunk_type());
    }
    void send_data() {
      Buffer message = target.acquire(100);
      target.endpoint().send(target.now(), target.id(), std::move(message), {});
      handle(target.take());
    }

    fuzz::Target target;
    fuzz::HandMadePeer peer;
    std::set<ChunkType> seen;  ///< in all packets of the endpoint, records opened
    std::size_t records = 0;
  };

  static void connect_hub(Ends& ends) {
    fuzz::connect_edge(ends.target, ends.peer, [&](const ByteVector& packet) { ends.give(packet); });
  }
  static void connect_edge(Ends& ends) {
    ends.target.connect();
    const auto init = ends.target.take();
    ends.handle(ends.target.give(fuzz::usual_route(), ends.peer.on_init(init.at(0).bytes)));
    ends.give(ends.peer.packet(chunk_bytes(wire::CookieAckChunk{})));
    for (int flight = 0; flight < 4; ++flight) {
      for (const ByteVector& message : ends.peer.take_messages()) ends.give(ends.peer.data_packet(message));
    }
    ends.give_sealed(chunk_bytes(wire::PadChunk{8}));
  }
  /// A record that begins with an AUTH chunk of an HMAC that nobody has offered, and a HEARTBEAT after it.
  static ByteVector record_with_auth() {
    ByteVector chunks = chunk_bytes(wire::AuthChunk{0, 9, Bytes{}});
    const ByteVector heartbeat = chunk_bytes(wire::HeartbeatChunk{false, {}});
    chunks.insert(chunks.end(), heartbeat.begin(), heartbeat.end());
    return chunks;
  }
  static void expect_no_auth(Ends& ends) {
    ASSERT_TRUE(ends.target.up());
    EXPECT_GT(ends.records, 0U);
    EXPECT_FALSE(ends.seen.contains(ChunkType::kAuth));
    // AUTH would report the unsupported HMAC identifier (RFC 4895 §6.3).
    const std::uint64_t before = ends.target.endpoint().drops().of(DropReason::bad_auth);
    ends.give_sealed(record_with_auth());
    EXPECT_EQ(ends.target.endpoint().drops().of(DropReason::bad_auth), before + 1);
    EXPECT_FALSE(ends.seen.contains(ChunkType::kError));
  }
};

TEST_F(OfferedAuth, ByAnEdgeIsNotUsedByAProtectedHub) {
  Ends ends(true);
  connect_hub(ends);
  ends.send_data();
  wire::DataChunk data;
  data.begin = data.end = true;
  data.tsn = ends.peer.tsn()++;
  data.stream = StreamId{1};
  const ByteVector payload(100);
  data.payload = payload;
  ends.give_sealed(chunk_bytes(data));
  ByteVector add(64);
  ByteWriter writer(add);
  wire::AsconfRequest{ParameterType::kAddIpAddress, 1, IpAddress::any_v4()}.write(writer);
  const ByteVector asconf = chunk_bytes(wire::AsconfChunk{0x1000, IpAddress::any_v4(), writer.written()});
  ends.handle(ends.target.give(fuzz::other_route(), *ends.peer.seal(asconf)));
  ends.handle(ends.target.pass(1s));
  for (const ChunkType type :
       {ChunkType::kData, ChunkType::kNrSack, ChunkType::kHeartbeat, ChunkType::kAsconfAck})
    EXPECT_TRUE(ends.seen.contains(type)) << static_cast<int>(type);
  EXPECT_EQ(ends.target.messages(), 1U);
  EXPECT_EQ(ends.target.endpoint().status(ends.target.id())->paths.size(), 2U)
      << "without AUTH before the ASCONF";
  expect_no_auth(ends);
}

TEST_F(OfferedAuth, ByAHubIsNotUsedByAProtectedEdge) {
  Ends ends(false);
  connect_edge(ends);
  ASSERT_TRUE(ends.target.up());
  ends.send_data();
  Route second = fuzz::usual_route();
  second.socket = SocketId(1);
  EXPECT_TRUE(ends.target.endpoint().add_path(ends.target.now(), ends.target.id(), second));
  ends.handle(ends.target.take());
  ends.handle(ends.target.pass(1s));
  for (const ChunkType type : {ChunkType::kData, ChunkType::kHeartbeat, ChunkType::kAsconf})
    EXPECT_TRUE(ends.seen.contains(type)) << static_cast<int>(type);
  expect_no_auth(ends);
}

}  // namespace
}  // namespace hawser::sctp::test
