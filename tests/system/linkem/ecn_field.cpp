#include "ecn_field.hpp"

#include <cstdint>
#include <optional>

namespace hawser::linkem {
namespace {

constexpr std::size_t kIp = 14;  // behind the Ethernet header
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kChecksum = kIp + 10;
constexpr std::uint8_t kEcnBits = 3;

std::uint32_t word(std::span<const std::byte> frame, std::size_t at) {
  return static_cast<std::uint32_t>(frame[at]) << 8U | static_cast<std::uint32_t>(frame[at + 1]);
}

bool is_v4(std::span<const std::byte> frame) {
  return frame.size() >= kIp + kIpv4Header && word(frame, 12) == 0x0800;
}
bool is_v6(std::span<const std::byte> frame) {
  return frame.size() >= kIp + 40 && word(frame, 12) == 0x86dd;
}

// The field of IPv6 is in the upper half of the second byte, that of IPv4 at the end of it.
std::optional<std::uint8_t> ecn(std::span<const std::byte> frame) {
  const auto second = static_cast<std::uint8_t>(frame.size() > kIp + 1 ? frame[kIp + 1] : std::byte{0});
  if (is_v4(frame)) return static_cast<std::uint8_t>(second & kEcnBits);
  if (is_v6(frame)) return static_cast<std::uint8_t>(second >> 4U & kEcnBits);
  return std::nullopt;
}

void set_ecn(std::span<std::byte> frame, std::uint8_t field) {
  std::byte& second = frame[kIp + 1];
  if (is_v6(frame)) {
    second = (second & std::byte{0xcf}) | static_cast<std::byte>(field << 4U);
    return;
  }
  const std::uint32_t before = word(frame, kIp);
  second = (second & std::byte{0xfc}) | static_cast<std::byte>(field);
  // RFC 1624: the checksum follows the difference of the word.
  std::uint32_t sum = (~word(frame, kChecksum) & 0xffffU) + (~before & 0xffffU) + word(frame, kIp);
  sum = (sum & 0xffffU) + (sum >> 16U);
  sum = (sum & 0xffffU) + (sum >> 16U);
  frame[kChecksum] = static_cast<std::byte>(~sum >> 8U & 0xffU);
  frame[kChecksum + 1] = static_cast<std::byte>(~sum & 0xffU);
}

}  // namespace

bool mark_congestion(std::span<std::byte> frame) {
  const auto field = ecn(frame);
  if (!field || *field == 0) return false;
  set_ecn(frame, kEcnBits);
  return true;
}

void clear_ecn(std::span<std::byte> frame) {
  const auto field = ecn(frame);
  if (field && *field != 0) set_ecn(frame, 0);
}

}  // namespace hawser::linkem
