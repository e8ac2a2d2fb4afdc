#include "sim/inner/packet.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hawser::sim::inner {
namespace {

constexpr std::size_t kIpSize = 20;
constexpr std::size_t kTcpSize = 20;
constexpr std::size_t kUdpSize = 8;
constexpr std::size_t kEchoSize = 8;

// Kinds of TCP options (RFC 9293 §3.1, RFC 7323, RFC 2018).
constexpr std::uint8_t kOptionEnd = 0;
constexpr std::uint8_t kOptionNop = 1;
constexpr std::uint8_t kOptionMss = 2;
constexpr std::uint8_t kOptionScale = 3;
constexpr std::uint8_t kOptionSackPermitted = 4;
constexpr std::uint8_t kOptionSack = 5;
constexpr std::uint8_t kOptionTimestamps = 8;

std::uint8_t octet(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

// Adds up whole 64-bit words: the one's complement sum does not depend on the width of the words.
std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const auto word = load_be<std::uint64_t>(bytes.data() + at);
    sum += word;
    sum += sum < word ? 1U : 0U;
  }
  std::uint64_t last = 0;
  for (unsigned shift = 56; at < bytes.size(); ++at, shift -= 8)
    last |= std::uint64_t{octet(bytes, at)} << shift;
  sum += last;
  return sum + (sum < last ? 1U : 0U);
}

std::uint16_t folded(std::uint64_t sum) {
  sum = (sum & 0xffff'ffffU) + (sum >> 32U);
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

std::uint64_t pseudo_header(const IpHeader& ip, std::size_t length) {
  return std::uint64_t{ip.source} + ip.destination + static_cast<std::uint64_t>(ip.protocol) + length;
}

// The checksum of a TCP segment or UDP datagram; zero when it holds a right one.
std::uint16_t transport_checksum(const IpHeader& ip, Bytes body) {
  const std::uint64_t sum = std::uint64_t{folded(sum_of(body))} + folded(pseudo_header(ip, body.size()));
  return static_cast<std::uint16_t>(~folded(sum));
}

Packet make_ip(const IpHeader& ip, std::size_t body) {
  Packet packet(kIpSize + body);
  std::byte* at = packet.data();
  at[0] = std::byte{0x45};
  at[1] = static_cast<std::byte>((unsigned{ip.dscp} << 2U) | static_cast<unsigned>(ip.ecn));
  store_be(at + 2, static_cast<std::uint16_t>(packet.size()));
  store_be(at + 6, static_cast<std::uint16_t>(ip.dont_fragment ? 0x4000U : 0U));
  at[8] = std::byte{64};
  at[9] = static_cast<std::byte>(ip.protocol);
  store_be(at + 12, ip.source);
  store_be(at + 16, ip.destination);
  store_be(at + 10, static_cast<std::uint16_t>(~folded(sum_of(Bytes(packet).first(kIpSize)))));
  return packet;
}

std::size_t options_size(const TcpHeader& tcp) {
  if (tcp.syn) return 20;
  return tcp.sack_count == 0 ? 12 : 16 + 8 * tcp.sack_count;
}

std::byte* put_octets(std::byte* at, std::initializer_list<std::uint8_t> octets) {
  for (const std::uint8_t value : octets) *at++ = std::byte{value};
  return at;
}

std::byte* put_word(std::byte* at, std::uint32_t word) {
  store_be(at, word);
  return at + 4;
}

void put_options(std::byte* at, const TcpHeader& tcp) {
  if (tcp.syn) {
    at = put_octets(at, {kOptionMss, 4, static_cast<std::uint8_t>(*tcp.mss >> 8U),
                         static_cast<std::uint8_t>(*tcp.mss & 0xffU)});
    at = put_octets(at, {kOptionSackPermitted, 2, kOptionTimestamps, 10});
  } else {
    at = put_octets(at, {kOptionNop, kOptionNop, kOptionTimestamps, 10});
  }
  at = put_word(put_word(at, tcp.timestamp), tcp.echo);
  if (tcp.syn) put_octets(at, {kOptionNop, kOptionScale, 3, *tcp.window_scale});
  if (tcp.syn || tcp.sack_count == 0) return;
  at = put_octets(at,
                  {kOptionNop, kOptionNop, kOptionSack, static_cast<std::uint8_t>(2 + 8 * tcp.sack_count)});
  for (std::size_t i = 0; i < tcp.sack_count; ++i)
    at = put_word(put_word(at, tcp.sacks[i].begin), tcp.sacks[i].end);
}

void read_option(TcpHeader& tcp, std::uint8_t kind, Bytes value) {
  if (kind == kOptionMss && value.size() == 2) tcp.mss = load_be<std::uint16_t>(value.data());
  if (kind == kOptionScale && value.size() == 1) tcp.window_scale = octet(value, 0);
  if (kind == kOptionTimestamps && value.size() == 8) {
    tcp.timestamp = load_be<std::uint32_t>(value.data());
    tcp.echo = load_be<std::uint32_t>(value.data() + 4);
  }
  if (kind != kOptionSack) return;
  for (; value.size() >= 8 && tcp.sack_count < TcpHeader::kMaxSacks; value = value.subspan(8)) {
    tcp.sacks[tcp.sack_count++] = {load_be<std::uint32_t>(value.data()),
                                   load_be<std::uint32_t>(value.data() + 4)};
  }
}

bool read_options(TcpHeader& tcp, Bytes options) {
  while (!options.empty() && octet(options, 0) != kOptionEnd) {
    const std::uint8_t kind = octet(options, 0);
    const std::size_t length = kind == kOptionNop ? 1 : (options.size() < 2 ? 0 : octet(options, 1));
    if (length == 0 || length > options.size() || (kind != kOptionNop && length < 2)) return false;
    if (kind != kOptionNop) read_option(tcp, kind, options.subspan(2, length - 2));
    options = options.subspan(length);
  }
  return true;
}

}  // namespace

std::optional<IpView> parse_ip(Bytes packet) {
  if (packet.size() < kIpSize || octet(packet, 0) != 0x45) return std::nullopt;
  if (load_be<std::uint16_t>(packet.data() + 2) != packet.size()) return std::nullopt;
  if (folded(sum_of(packet.first(kIpSize))) != 0xffffU) return std::nullopt;
  IpView view;
  view.ip.source = load_be<std::uint32_t>(packet.data() + 12);
  view.ip.destination = load_be<std::uint32_t>(packet.data() + 16);
  view.ip.protocol = static_cast<Protocol>(octet(packet, 9));
  view.ip.dscp = static_cast<std::uint8_t>(octet(packet, 1) >> 2U);
  view.ip.ecn = static_cast<Ecn>(octet(packet, 1) & 3U);
  view.ip.dont_fragment = (octet(packet, 6) & 0x40U) != 0;
  view.size = packet.size();
  view.body = packet.subspan(kIpSize);
  return view;
}

std::optional<TcpView> parse_tcp(const IpView& packet) {
  const Bytes body = packet.body;
  if (body.size() < kTcpSize || transport_checksum(packet.ip, body) != 0) return std::nullopt;
  const std::size_t header = std::size_t{octet(body, 12)} / 16 * 4;
  if (header < kTcpSize || header > body.size()) return std::nullopt;
  TcpView view;
  TcpHeader& tcp = view.header;
  tcp.source_port = load_be<std::uint16_t>(body.data());
  tcp.destination_port = load_be<std::uint16_t>(body.data() + 2);
  tcp.seq = load_be<std::uint32_t>(body.data() + 4);
  tcp.ack = load_be<std::uint32_t>(body.data() + 8);
  const std::uint8_t flags = octet(body, 13);
  tcp.syn = (flags & 0x02U) != 0;
  tcp.acks = (flags & 0x10U) != 0;
  tcp.ece = (flags & 0x40U) != 0;
  tcp.cwr = (flags & 0x80U) != 0;
  tcp.window = load_be<std::uint16_t>(body.data() + 14);
  if (!read_options(tcp, body.subspan(kTcpSize, header - kTcpSize))) return std::nullopt;
  view.payload = body.size() - header;
  return view;
}

Packet make_tcp(const IpHeader& ip, const TcpHeader& tcp, std::size_t payload) {
  const std::size_t header = kTcpSize + options_size(tcp);
  Packet packet = make_ip(ip, header + payload);
  std::byte* at = packet.data() + kIpSize;
  store_be(at, tcp.source_port);
  store_be(at + 2, tcp.destination_port);
  store_be(at + 4, tcp.seq);
  store_be(at + 8, tcp.ack);
  at[12] = static_cast<std::byte>(header / 4 * 16);
  at[13] = static_cast<std::byte>((tcp.syn ? 0x02U : 0U) | (tcp.acks ? 0x10U : 0U) | (tcp.ece ? 0x40U : 0U) |
                                  (tcp.cwr ? 0x80U : 0U));
  store_be(at + 14, tcp.window);
  put_options(at + kTcpSize, tcp);
  // Zeros add nothing to the sum, so only the header is read.
  const std::uint64_t sum =
      std::uint64_t{folded(sum_of({at, header}))} + folded(pseudo_header(ip, header + payload));
  store_be(at + 16, static_cast<std::uint16_t>(~folded(sum)));
  return packet;
}

std::optional<UdpView> parse_udp(const IpView& packet) {
  const Bytes body = packet.body;
  if (body.size() < kUdpSize || transport_checksum(packet.ip, body) != 0) return std::nullopt;
  return UdpView{{load_be<std::uint16_t>(body.data()), load_be<std::uint16_t>(body.data() + 2)},
                 body.subspan(kUdpSize)};
}

Packet make_udp(const IpHeader& ip, const UdpHeader& udp, Bytes payload) {
  Packet packet = make_ip(ip, kUdpSize + payload.size());
  std::byte* at = packet.data() + kIpSize;
  store_be(at, udp.source_port);
  store_be(at + 2, udp.destination_port);
  store_be(at + 4, static_cast<std::uint16_t>(kUdpSize + payload.size()));
  std::copy(payload.begin(), payload.end(), at + kUdpSize);
  store_be(at + 6, transport_checksum(ip, Bytes(packet).subspan(kIpSize)));
  return packet;
}

std::optional<EchoView> parse_echo(const IpView& packet) {
  const Bytes body = packet.body;
  if (body.size() < kEchoSize || folded(sum_of(body)) != 0xffffU) return std::nullopt;
  const std::uint8_t type = octet(body, 0);
  if ((type != 0 && type != 8) || octet(body, 1) != 0) return std::nullopt;
  const EchoHeader header{type == 0, load_be<std::uint16_t>(body.data() + 4),
                          load_be<std::uint16_t>(body.data() + 6)};
  return EchoView{header, body.subspan(kEchoSize)};
}

Packet make_echo(const IpHeader& ip, const EchoHeader& echo, Bytes payload) {
  Packet packet = make_ip(ip, kEchoSize + payload.size());
  std::byte* at = packet.data() + kIpSize;
  at[0] = std::byte{static_cast<std::uint8_t>(echo.reply ? 0 : 8)};
  store_be(at + 4, echo.identifier);
  store_be(at + 6, echo.sequence);
  std::copy(payload.begin(), payload.end(), at + kEchoSize);
  store_be(at + 2, static_cast<std::uint16_t>(~folded(sum_of(Bytes(packet).subspan(kIpSize)))));
  return packet;
}

}  // namespace hawser::sim::inner
