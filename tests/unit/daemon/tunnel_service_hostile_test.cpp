// A hub with a peer that has a valid key and sends anything: log lines, hook events, and the peers beside it.
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "fuzz/protected_peer.hpp"
#include "sim/hostile_strikes.hpp"
#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

namespace fuzz = sctp::fuzz;
namespace wire = sctp::wire;
using sctp::fuzz::ByteVector;

constexpr unsigned kHostileKey = 66;

std::string hub_with_hostile_peer() {
  return hub_text() + "[[peer]]\nname = \"hostile\"\nallowed_ips = [\"10.0.0.3/32\"]\npublic_key = \"" +
         key_of(kHostileKey).public_key().to_base64() + "\"\n";
}

sctp::SecurityConfig hostile_security() {
  sctp::SecurityConfig out{.private_key = key_of(kHostileKey), .peers = {}, .cipher_costs = {1, 2}};
  out.peers.push_back({key_of(kHubKey).public_key(), {}});
  return out;
}

class TunnelServiceHostilePeerTest : public TunnelServiceTest {
 protected:
  TunnelServiceHostilePeerTest() { machines = {&victim, &edge}; }
  ~TunnelServiceHostilePeerTest() override {
    spdlog::set_default_logger(before);
    spdlog::set_level(spdlog::level::off);
  }

  void send(io::MemoryDatagramSocket& from, const ByteVector& packet) {
    TransmitBatch batch;
    batch.route = {from.id(), from.local_address().ip, hub_address};
    if (!batch.has_room(packet.size())) return;
    std::ranges::copy(packet, batch.next(packet.size()).begin());
    batch.commit(packet.size());
    from.send(batch);
  }
  // Sends from `from` and lets the hub work. Passes the hub's answers to the peer.
  void give(io::MemoryDatagramSocket& from, const ByteVector& packet) {
    send(from, packet);
    run(5ms);
    for (io::MemoryDatagramSocket* each : {&socket, &other_socket}) {
      for (const ReceivedDatagram& answer : each->receive())
        peer.receive(now, ByteVector(answer.bytes.begin(), answer.bytes.end()));
    }
  }
  // From now on the log goes to `log_text`.
  void record_log() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(log_text)));
    spdlog::set_level(spdlog::level::info);
    victim.platform.announced.clear();
    recorded_since = now;
  }
  void expect_few_lines_and_events() {
    const double time = std::chrono::duration<double>(now - recorded_since).count();
    EXPECT_LT(static_cast<double>(lines()), 200 + 2 * time) << log_text.str();
    EXPECT_LT(static_cast<double>(victim.platform.announced.size()), 200 + 5 * time);
    EXPECT_EQ(victim.service.status(now).peers.at(0).state, "up");
    EXPECT_TRUE(carries(edge, victim, packet(2, 1)));
  }
  // The handshake of the hostile peer, as sctp::fuzz::connect_edge.
  void connect() {
    send(socket, peer.init());
    run(5ms);
    const auto answers = socket.receive();
    ASSERT_EQ(answers.size(), 1U);
    give(socket, peer.on_init_ack({answers[0].bytes.begin(), answers[0].bytes.end()}));
    for (int round = 0; round < 10 && !peer.up(); ++round) {
      for (const ByteVector& message : peer.take_messages()) give(socket, peer.data_packet(message));
    }
    ASSERT_TRUE(peer.up());
    give(socket, *peer.seal(fuzz::chunk_bytes(wire::PadChunk{8})));
  }
  // An ASCONF with pairs that add the source of its packet, or another address, and delete it again.
  ByteVector add_and_delete(std::uint32_t serial, const IpAddress& address, std::size_t pairs) {
    ByteVector raw(1'400);
    ByteWriter writer(raw);
    for (std::size_t i = 0; i < pairs; ++i) {
      wire::AsconfRequest{wire::ParameterType::kAddIpAddress, 1, address}.write(writer);
      wire::AsconfRequest{wire::ParameterType::kDeleteIpAddress, 2, address}.write(writer);
    }
    return *peer.seal(fuzz::chunk_bytes(wire::AsconfChunk{serial, IpAddress::any_v4(), writer.written()}));
  }
  [[nodiscard]] std::size_t lines() const {
    const std::string text = log_text.str();
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  }

  UdpAddress hub_address = *UdpAddress::parse("192.0.2.3:9899");
  Machine victim{network,
                 [] {
                   std::string text = hub_with_hostile_peer();
                   return text.replace(text.find("192.0.2.1"), 9, "192.0.2.3");
                 }(),
                 kHubKey,
                 {},
                 7};
  Machine edge{
      network, edge_text("192.0.2.3:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}, {"eth1", "203.0.113.9"}}, 8};
  io::MemoryDatagramSocket socket{network, SocketId(50), *UdpAddress::parse("198.51.100.66:5000")};
  io::MemoryDatagramSocket other_socket{network, SocketId(51), *UdpAddress::parse("198.51.100.67:5000")};
  fuzz::HandMadePeer peer{false, hostile_security(), key_of(kHubKey).public_key()};
  Timestamp recorded_since{};
  std::ostringstream log_text;
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

TEST_F(TunnelServiceHostilePeerTest, CanFillNeitherTheLogNorTheHookQueueWithPaths) {
  start();
  run(2s);
  connect();
  ASSERT_EQ(victim.service.status(now).peers.at(1).state, "up");
  record_log();
  std::uint32_t serial = 0x1000;
  for (int i = 0; i < 400; ++i) {
    give(i % 2 == 0 ? socket : other_socket, add_and_delete(serial++, IpAddress::any_v4(), 40));
    const auto address = IpAddress::v4(0x0a0a'0000U + static_cast<std::uint32_t>(i));
    give(socket, add_and_delete(serial++, address, 40));
  }
  expect_few_lines_and_events();
}

class TunnelServiceStrikesTest : public TunnelServiceHostilePeerTest,
                                 public testing::WithParamInterface<std::uint64_t> {};

// The strikes of the hostile campaign (tests/sim), through sockets, tunnel, log and hooks.
TEST_P(TunnelServiceStrikesTest, OfAnyKindCostFewLogLinesAndHookRuns) {
  start();
  run(2s);
  connect();
  record_log();
  sim::SimRandom random(GetParam());
  sim::HostileStrikes strikes(random, peer);
  for (int burst = 0; burst < 150; ++burst) {
    io::MemoryDatagramSocket& from = random.chance(0.2) ? other_socket : socket;
    for (const ByteVector& record : strikes.burst(16)) send(from, record);
    run(5ms);
    for (io::MemoryDatagramSocket* each : {&socket, &other_socket}) {
      for (const ReceivedDatagram& answer : each->receive()) {
        for (const ByteVector& reply :
             strikes.on_record(now, ByteVector(answer.bytes.begin(), answer.bytes.end()), true))
          send(*each, reply);
      }
    }
  }
  expect_few_lines_and_events();
}

INSTANTIATE_TEST_SUITE_P(Seeds, TunnelServiceStrikesTest, testing::Range<std::uint64_t>(1, 9));

TEST_F(TunnelServiceHostilePeerTest, DoesNotStopTheOthersByAFloodOfSmallChunks) {
  start();
  run(2s);
  connect();
  const ByteVector unknown{std::byte{0xff}, std::byte{0}, std::byte{0}, std::byte{4}};
  ByteVector chunks;
  for (int i = 0; i < 300; ++i) chunks.insert(chunks.end(), unknown.begin(), unknown.end());
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 250; ++i) {
      send(socket, *peer.seal(chunks));
    }
    ASSERT_TRUE(carries(edge, victim, packet(2, 1))) << round;
    while (!socket.receive().empty()) {
    }
  }
}

}  // namespace
}  // namespace hawser::daemon
