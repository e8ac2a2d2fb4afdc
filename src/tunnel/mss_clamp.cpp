#include "tunnel/mss_clamp.hpp"

#include <algorithm>
#include <optional>

#include "tunnel/checksum.hpp"

namespace hawser::tunnel {
namespace {

constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::size_t kIpv4Overhead = 20 + kTcpHeader;  // RFC 6691: fixed headers only, without options
constexpr std::size_t kIpv6Overhead = 40 + kTcpHeader;

// Kinds of TCP options, RFC 9293 §3.1.
constexpr std::byte kEndOfOptions{0};
constexpr std::byte kNoOperation{1};
constexpr std::byte kMaximumSegmentSize{2};
constexpr std::size_t kMssLength = 4;

// The TCP header with its options; empty: it is truncated.
MutableBytes tcp_header(const IpPacket& ip, MutableBytes packet) {
  const std::size_t available = ip.total_length - ip.header_length;
  if (available < kTcpHeader) return {};
  const MutableBytes tcp = packet.subspan(ip.header_length, available);
  const std::size_t length = std::to_integer<std::size_t>(tcp[12] >> 4U) * 4;
  return length < kTcpHeader || length > available ? MutableBytes{} : tcp.first(length);
}

// Offset of the value of the next MSS option, searched from the option at `at` on; moves `at` behind that
// option.
std::optional<std::size_t> next_mss(Bytes tcp, std::size_t& at) {
  while (at < tcp.size() && tcp[at] != kEndOfOptions) {
    if (tcp[at] == kNoOperation) {
      ++at;
      continue;
    }
    if (at + 2 > tcp.size()) break;
    const std::size_t option = at;
    const auto length = std::to_integer<std::size_t>(tcp[at + 1]);
    if (length < 2 || option + length > tcp.size()) break;
    at += length;
    if (tcp[option] == kMaximumSegmentSize && length == kMssLength) return option + 2;
  }
  return std::nullopt;
}

// Overwrites the two bytes at `at` and updates the checksum. Words of the sum begin at even offsets, so that
// a value at an odd offset counts with its bytes swapped.
void replace_word(MutableBytes tcp, std::size_t at, std::uint16_t value) {
  std::uint16_t before = load_be<std::uint16_t>(tcp.data() + at);
  store_be(tcp.data() + at, value);
  if (at % 2 != 0) {
    before = __builtin_bswap16(before);
    value = __builtin_bswap16(value);
  }
  std::byte* checksum = tcp.data() + kTcpChecksum;
  store_be(checksum, InternetChecksum::adjusted(load_be<std::uint16_t>(checksum), before, value));
}

}  // namespace

bool clamp_mss(const IpPacket& ip, MutableBytes packet, std::size_t mtu) {
  const std::size_t overhead = ip.version == 4 ? kIpv4Overhead : kIpv6Overhead;
  const auto limit = static_cast<std::uint16_t>(std::min<std::size_t>(mtu - std::min(mtu, overhead), 0xffff));
  const MutableBytes tcp = tcp_header(ip, packet);
  bool changed = false;
  // All MSS options, because stacks differ in which of several they use.
  for (std::size_t at = kTcpHeader; const auto value = next_mss(tcp, at);) {
    if (load_be<std::uint16_t>(tcp.data() + *value) <= limit) continue;
    replace_word(tcp, *value, limit);
    changed = true;
  }
  return changed;
}

}  // namespace hawser::tunnel
