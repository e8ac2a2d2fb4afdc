#include "ecn.hpp"

#include <cstdint>

namespace hawser::linkem {
namespace {

constexpr std::size_t kIp = 14;  // the size of an Ethernet header without tags
constexpr std::size_t kShortestIp = 20;

std::uint16_t word_at(std::span<const std::byte> frame, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(frame[at]) << 8 |
                                    std::to_integer<unsigned>(frame[at + 1]));
}

void put_word(std::span<std::byte> frame, std::size_t at, std::uint16_t value) {
  frame[at] = static_cast<std::byte>(value >> 8);
  frame[at + 1] = static_cast<std::byte>(value & 0xff);
}

// The ECN field is within the first 16 bits of the IP header: the lowest bits of the second byte in IPv4,
// bits 4 and 5 of it in IPv6.
std::uint16_t ecn_mask(std::span<const std::byte> frame) {
  if (frame.size() < kIp + kShortestIp) return 0;
  const std::uint16_t type = word_at(frame, kIp - 2);
  if (type == 0x0800) return 0x0003;
  return type == 0x86dd ? 0x0030 : 0;
}

// Replaces the first 16 bits of the IP header.
void put_first_word(std::span<std::byte> frame, std::uint16_t after) {
  const std::uint16_t before = word_at(frame, kIp);
  put_word(frame, kIp, after);
  if (word_at(frame, kIp - 2) != 0x0800) return;
  // RFC 1624 section 3, equation 3: the ones' complement sum without the old word and with the new one.
  std::uint32_t sum = 0xffffU & ~std::uint32_t{word_at(frame, kIp + 10)};
  sum += (0xffffU & ~std::uint32_t{before}) + after;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  put_word(frame, kIp + 10, static_cast<std::uint16_t>(~sum & 0xffff));
}

}  // namespace

bool may_be_marked(std::span<const std::byte> frame) {
  const std::uint16_t mask = ecn_mask(frame);
  return mask != 0 && (word_at(frame, kIp) & mask) != 0;
}

void mark_congestion(std::span<std::byte> frame) {
  put_first_word(frame, static_cast<std::uint16_t>(word_at(frame, kIp) | ecn_mask(frame)));
}

void clear_ecn(std::span<std::byte> frame) {
  const std::uint16_t mask = ecn_mask(frame);
  if (mask == 0 || (word_at(frame, kIp) & mask) == 0) return;
  put_first_word(frame, static_cast<std::uint16_t>(word_at(frame, kIp) & ~mask));
}

}  // namespace hawser::linkem
