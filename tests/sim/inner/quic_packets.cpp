#include "sim/inner/quic_packets.hpp"

namespace hawser::sim::inner {
namespace {

constexpr std::byte kHello{0};
constexpr std::byte kData{1};
constexpr std::byte kAck{2};
constexpr std::size_t kHelloSize = 1200;  // RFC 9000 §14.1
constexpr std::size_t kAckHead = 16;
constexpr std::size_t kRange = 16;

bool is(Bytes payload, std::byte type, std::size_t size) {
  return payload.size() >= size && payload[0] == type;
}

}  // namespace

std::vector<std::byte> make_hello() {
  return std::vector<std::byte>(kHelloSize, kHello);
}

std::vector<std::byte> make_data(const QuicData& data) {
  std::vector<std::byte> payload(kQuicPacket);
  payload[0] = kData;
  store_be(payload.data() + 1, data.number);
  store_be(payload.data() + 9, data.piece);
  return payload;
}

std::vector<std::byte> make_ack(const QuicAck& ack) {
  std::vector<std::byte> payload(kAckHead + kRange * ack.count);
  payload[0] = kAck;
  payload[1] = static_cast<std::byte>(ack.count);
  store_be(payload.data() + 8, static_cast<std::uint64_t>(ack.delay.count()));
  for (std::size_t i = 0; i < ack.count; ++i) {
    store_be(payload.data() + kAckHead + kRange * i, ack.ranges[i].begin);
    store_be(payload.data() + kAckHead + kRange * i + 8, ack.ranges[i].end);
  }
  return payload;
}

bool is_hello(Bytes payload) {
  return is(payload, kHello, kHelloSize);
}

std::optional<QuicData> parse_data(Bytes payload) {
  if (!is(payload, kData, kQuicPacket)) return std::nullopt;
  return QuicData{load_be<std::uint64_t>(payload.data() + 1), load_be<std::uint64_t>(payload.data() + 9)};
}

std::optional<QuicAck> parse_ack(Bytes payload) {
  if (!is(payload, kAck, kAckHead)) return std::nullopt;
  QuicAck ack;
  ack.count = std::to_integer<std::size_t>(payload[1]);
  if (ack.count > QuicAck::kMaxRanges || payload.size() < kAckHead + kRange * ack.count) return std::nullopt;
  ack.delay = Duration(static_cast<Duration::rep>(load_be<std::uint64_t>(payload.data() + 8)));
  for (std::size_t i = 0; i < ack.count; ++i) {
    const std::byte* at = payload.data() + kAckHead + kRange * i;
    ack.ranges[i] = {load_be<std::uint64_t>(at), load_be<std::uint64_t>(at + 8)};
  }
  return ack;
}

}  // namespace hawser::sim::inner
