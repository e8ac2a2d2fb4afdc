// What packets of a handshake cost a hub before it has any association, as processor time per packet: junk
// INITs of senders who know nothing, the hub's public key, or the hint of an edge; genuine INITs with their
// INIT ACKs; forged COOKIE ECHOs. The hub has 1, 100, 1,000 and 10,000 distinct pre-shared keys. The clock of
// the engine advances so fast that no limit is reached. Usage: bench_sctp_access [packets]

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/processor_time.hpp"
#include "crypto/hmac.hpp"
#include "hawser/crypto/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "sctp/security/access_proof.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/wire/crc32c.hpp"
#include "sctp/wire/handshake.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp {
namespace {

using Packet = std::vector<std::byte>;

constexpr std::size_t kRounds = 11;
constexpr std::uint16_t kPort = 9899;

RandomSource& system_random() {
  static crypto::SystemRandom random;
  return random;
}

crypto::PresharedKey preshared_key(std::uint32_t number) {
  std::array<std::byte, crypto::kKeySize> raw{};
  store_be(raw.data(), number + 1);
  return crypto::PresharedKey::from_bytes(raw);
}

crypto::PrivateKey hub_key() {
  return crypto::PrivateKey::from_seed(std::vector<std::byte>(crypto::kKeySize, std::byte{7}));
}

SecurityConfig hub_with(std::uint32_t preshared_keys) {
  SecurityConfig hub{.private_key = hub_key(), .peers = {}, .cipher_costs = {1, 2}};
  for (std::uint32_t i = 0; i < preshared_keys; ++i)
    hub.peers.push_back({hub.private_key.public_key(), preshared_key(i)});
  return hub;
}

Packet packet_of(VerificationTag tag, Bytes chunk) {
  Packet packet(wire::kCommonHeaderSize + chunk.size());
  wire::CommonHeader{kPort, kPort, tag, 0}.store(packet.data());
  std::ranges::copy(chunk, packet.begin() + wire::kCommonHeaderSize);
  wire::seal_checksum(packet);
  return packet;
}

template <class Chunk>
Packet serialised(const Chunk& chunk) {
  Packet room(2000);
  ByteWriter writer(room);
  chunk.write(writer);
  writer.pad4();
  room.resize(writer.size());
  return room;
}

// An INIT as Hawser sends it, of 340 bytes.
Packet init_chunk(const security::InitSecrets& secrets) {
  Packet room(400);
  ByteWriter writer(room);
  wire::ProtectionParameter{{1, 2}}.write(writer);
  wire::write_parameter(writer, wire::ParameterType::kPadding, Packet(240));
  security::write_access_nonce(writer, system_random());
  Packet chunk =
      serialised(wire::InitChunk{false, VerificationTag{1}, 100'000, 8, 8, Tsn{1}, writer.written()});
  security::sign_access(chunk, secrets);
  return chunk;
}

/// A hub, to which packets are delivered from ever other prefixes. Owns it.
class Hub {
 public:
  explicit Hub(std::uint32_t preshared_keys)
      : endpoint_(config(), system_random(), pool_, hub_with(preshared_keys)) {}

  void deliver(const Packet& packet) {
    now_ += std::chrono::microseconds(500);
    Packet copy = packet;
    ReceivedDatagram datagram{
        {SocketId(0), IpAddress::v4(0x7f00'0001), {IpAddress::v4(source_ += 256), kPort}}, copy};
    endpoint_.handle_datagrams(now_, {&datagram, 1});
  }
  // The answer, if there is one.
  Packet answer() {
    TransmitBatch batch;
    if (!endpoint_.poll_transmit(now_, batch)) return {};
    const MutableBytes bytes = batch.bytes();
    return {bytes.begin(), bytes.end()};
  }
  [[nodiscard]] std::uint64_t drops(DropReason reason) const { return endpoint_.drops().of(reason); }

 private:
  static EndpointConfig config() {
    EndpointConfig config;
    config.accept = true;
    return config;
  }
  BufferPool pool_;
  Endpoint endpoint_;
  Timestamp now_{std::chrono::hours(1)};
  std::uint32_t source_ = 0x0b00'0001;
};

// Median of several rounds, in nanoseconds.
template <class Deliver>
double measure(std::size_t packets, Deliver deliver) {
  std::vector<double> times;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const double start = bench::processor_seconds();
    for (std::size_t i = 0; i < packets; ++i) deliver();
    times.push_back(1e9 * (bench::processor_seconds() - start) / static_cast<double>(packets));
  }
  std::ranges::nth_element(times, times.begin() + kRounds / 2);
  return times[kRounds / 2];
}

// The COOKIE ECHO for an INIT ACK, with a handshake MAC of zeros.
Packet forged_echo(Bytes init_ack) {
  const auto chunk = wire::ChunkReader(init_ack).next();
  const auto ack = wire::InitChunk::parse(*chunk);
  const auto parameters = wire::InitParameters::parse(ack->parameters);
  Packet chunks = serialised(wire::CookieEchoChunk{parameters->cookie->value});
  chunks.resize(chunks.size() + wire::kHandshakeMacSize);
  store_be(chunks.data() + chunks.size() - wire::kHandshakeMacSize, wire::kHandshakeMacHeader);
  return packet_of(ack->initiate_tag, chunks);
}

void measure_hub(std::uint32_t preshared_keys, std::size_t packets) {
  const double start = bench::processor_seconds();
  Hub hub(preshared_keys);
  const double set_up = bench::processor_seconds() - start;
  const crypto::PublicKey key = hub_key().public_key();
  const auto own = preshared_key(preshared_keys / 2);
  const auto other = preshared_key(preshared_keys);
  const auto stranger = security::InitSecrets::derive(
      crypto::PrivateKey::from_seed(Packet(crypto::kKeySize, std::byte{8})).public_key(), nullptr);
  const Packet junk = packet_of(kNoTag, init_chunk(stranger));
  const Packet informed = packet_of(kNoTag, init_chunk(security::InitSecrets::derive(key, &other)));
  const Packet good = packet_of(kNoTag, init_chunk(security::InitSecrets::derive(key, &own)));
  Packet hinted = good;
  hinted.back() ^= std::byte{1};
  wire::seal_checksum(hinted);
  std::printf("%5u pre-shared keys: set up in %.1f ms\n", preshared_keys, 1e3 * set_up);
  const auto line = [](const char* what, double ns) { std::printf("  %-52s %7.0f ns\n", what, ns); };
  line("junk INIT without the hub's public key", measure(packets, [&] { hub.deliver(junk); }));
  line("junk INIT with the hub's public key", measure(packets, [&] { hub.deliver(informed); }));
  line("junk INIT with the hub's public key and a known hint",
       measure(packets, [&] { hub.deliver(hinted); }));
  if (hub.drops(DropReason::no_access) != 3 * kRounds * packets) std::abort();
  line("good INIT, with its INIT ACK", measure(packets, [&] {
         hub.deliver(good);
         if (hub.answer().empty()) std::abort();
       }));
  hub.deliver(good);
  const Packet echo = forged_echo(hub.answer());
  line("forged COOKIE ECHO", measure(packets, [&] { hub.deliver(echo); }));
  if (hub.drops(DropReason::bad_handshake_mac) != kRounds * packets) std::abort();
}

}  // namespace
}  // namespace hawser::sctp

int main(int argc, char** argv) {
  const std::size_t packets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5'000;
  for (const std::uint32_t keys : {1U, 100U, 1'000U, 10'000U}) hawser::sctp::measure_hub(keys, packets);
  return 0;
}
