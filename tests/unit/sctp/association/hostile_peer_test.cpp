// A peer with a valid key that sends anything: what it can make a protected endpoint keep and answer.

#include <gtest/gtest.h>
#include <malloc.h>

#include "fuzz/protected_peer.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;
using fuzz::ByteVector;
using fuzz::chunk_bytes;
using fuzz::Sent;
using wire::ChunkType;

constexpr std::size_t kPackets = 256;  // four rounds of a socket without GRO

class HostilePeerTest : public ::testing::Test {
 protected:
  HostilePeerTest() {
    fuzz::connect_edge(hub, peer,
                       [this](const ByteVector& packet) { handle(hub.give(fuzz::usual_route(), packet)); });
    handle(hub.pass(5s));  // the first probes have been answered or given up
  }

  static ByteVector repeated(const ByteVector& chunk, std::size_t times) {
    ByteVector out;
    for (std::size_t i = 0; i < times; ++i) out.insert(out.end(), chunk.begin(), chunk.end());
    return out;
  }
  void handle(const std::vector<Sent>& sent) {
    for (const Sent& each : sent) peer.receive(hub.now(), each.bytes);
  }
  ByteVector seal(const ByteVector& chunks) { return *peer.seal(chunks); }

  /// Delivers `kPackets` records with these chunks before the hub sends anything. Returns what it sends then.
  template <class MakeChunks>
  std::vector<Sent> flood(MakeChunks chunks) {
    const std::size_t before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < kPackets; ++i) {
      ByteVector packet = seal(chunks());
      bytes_in += packet.size();
      hub.receive(fuzz::usual_route(), std::move(packet));
    }
    heap_growth = static_cast<std::ptrdiff_t>(mallinfo2().uordblks - before);
    const auto sent = hub.take();
    for (const Sent& each : sent) bytes_out += each.bytes.size();
    handle(sent);
    return sent;
  }
  void expect_little(const std::vector<Sent>& sent) {
    EXPECT_LT(heap_growth, 1 << 20);
    EXPECT_LE(sent.size(), 64U);
    EXPECT_LE(bytes_out, bytes_in);
  }
  [[nodiscard]] std::uint64_t drops(DropReason reason) { return hub.endpoint().drops().of(reason); }
  [[nodiscard]] ByteVector asconf(std::uint32_t serial,
                                  std::span<const std::pair<wire::ParameterType, IpAddress>> requests) {
    ByteVector raw(8'000);
    ByteWriter writer(raw);
    std::uint32_t correlation = 0;
    for (const auto& [type, address] : requests)
      wire::AsconfRequest{type, ++correlation, address}.write(writer);
    return chunk_bytes(wire::AsconfChunk{serial, IpAddress::any_v4(), writer.written()});
  }

  fuzz::Target hub{true};
  fuzz::HandMadePeer peer{false};
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;
  std::ptrdiff_t heap_growth = 0;
};

TEST_F(HostilePeerTest, UnknownChunksInEveryPacketCostLittleMemoryAndFewAnswers) {
  const ByteVector unknown{std::byte{0xff}, std::byte{0}, std::byte{0}, std::byte{4}};
  expect_little(flood([&] { return repeated(unknown, 340); }));
}

TEST_F(HostilePeerTest, ManyHeartbeatsPerPacketCostLittleMemoryAndFewAnswers) {
  const ByteVector heartbeat = chunk_bytes(wire::HeartbeatChunk{false, {}});
  ASSERT_EQ(heartbeat.size(), 8U);
  expect_little(flood([&] { return repeated(heartbeat, 170); }));
}

TEST_F(HostilePeerTest, DataForMissingStreamsCostsLittleMemoryAndFewAnswers) {
  const ByteVector payload(1);
  expect_little(flood([&] {
    ByteVector chunks;
    for (unsigned i = 0; i < 65; ++i) {
      wire::DataChunk data;
      data.begin = data.end = true;
      data.stream = StreamId{65'535};
      data.tsn = peer.tsn()++;
      data.ppid = Ppid{1};
      data.payload = payload;
      const ByteVector one = chunk_bytes(data);
      chunks.insert(chunks.end(), one.begin(), one.end());
    }
    return chunks;
  }));
}

TEST_F(HostilePeerTest, RepeatedAsconfsCostLittleMemoryAndFewAnswers) {
  const std::pair<wire::ParameterType, IpAddress> add{wire::ParameterType::kAddIpAddress,
                                                      IpAddress::any_v4()};
  const ByteVector one = asconf(0x1000, std::span(&add, 1));
  expect_little(flood([&] { return repeated(one, 1400 / one.size()); }));
}

TEST_F(HostilePeerTest, OfManyHeartbeatsInAPacketTheNewestIsAnswered) {
  ByteVector chunks;
  for (std::uint8_t i = 1; i <= 5; ++i) {
    const ByteVector info(4, std::byte{i});
    const ByteVector one = chunk_bytes(wire::HeartbeatChunk{false, info});
    chunks.insert(chunks.end(), one.begin(), one.end());
  }
  const auto sent = hub.give(fuzz::usual_route(), seal(chunks));
  ASSERT_EQ(sent.size(), 1U);
  ByteVector copy = sent[0].bytes;
  const auto packet = peer.open(hub.now(), copy);
  wire::ChunkReader reader = packet.chunks();
  const auto ack = wire::HeartbeatChunk::parse(*reader.next());
  ASSERT_TRUE(ack && ack->ack);
  EXPECT_EQ(ack->info[0], std::byte{5});
  EXPECT_FALSE(reader.next().has_value()) << "one answer";
}

TEST_F(HostilePeerTest, AnAddressThatIsNoPathGetsNoMoreThanItSent) {
  // The cached answer to the first ASCONF is large; then duplicates ask for it from a third party's address.
  std::vector<std::pair<wire::ParameterType, IpAddress>> requests(
      40, {wire::ParameterType::kDeleteIpAddress, IpAddress::v4(0x0909'0909)});
  handle(hub.give(fuzz::usual_route(), seal(asconf(0x1000, requests))));
  const ByteVector duplicate = asconf(0x1000, {});
  const Route victim = fuzz::other_route();
  std::size_t in = 0;
  std::size_t out = 0;
  for (int i = 0; i < 20; ++i) {
    ByteVector packet = seal(i % 2 == 0 ? duplicate : repeated(duplicate, 80));
    in += packet.size();
    for (const Sent& each : hub.give(victim, std::move(packet))) {
      if (each.route == victim) out += each.bytes.size();
    }
    EXPECT_LE(out, in);
  }
}

TEST_F(HostilePeerTest, AddsNoAddressFromWhichNothingArrived) {
  const std::pair<wire::ParameterType, IpAddress> add{wire::ParameterType::kAddIpAddress,
                                                      IpAddress::v4(0x7f00'0001)};
  const auto sent = hub.give(fuzz::usual_route(), seal(asconf(0x1000, std::span(&add, 1))));
  for (const Sent& each : sent) EXPECT_EQ(each.route.remote, fuzz::usual_route().remote);
  EXPECT_EQ(hub.endpoint().status(hub.id())->paths.size(), 1U);
}

}  // namespace
}  // namespace hawser::sctp::test
