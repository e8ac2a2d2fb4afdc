#include "tunnel/ecn.hpp"

#include <cstddef>
#include <cstdint>

#include "tunnel/checksum.hpp"

namespace hawser::tunnel {
namespace {

constexpr std::byte kCe{0x03};

// The lowest two bits of the second byte (RFC 3168 §5).
bool mark_v4(MutableBytes packet) {
  constexpr std::size_t kChecksum = 10;
  const std::byte ecn = packet[1] & kCe;
  if (ecn == std::byte{}) return false;
  const auto before = load_be<std::uint16_t>(packet.data());
  packet[1] |= kCe;
  const auto after = load_be<std::uint16_t>(packet.data());
  std::byte* checksum = packet.data() + kChecksum;
  store_be(checksum, InternetChecksum::adjusted(load_be<std::uint16_t>(checksum), before, after));
  return true;
}

// The lowest two bits of the traffic class (RFC 8200 §3), which begins in the middle of the first byte.
bool mark_v6(MutableBytes packet) {
  constexpr std::byte kCeInPlace = kCe << 4U;
  if ((packet[1] & kCeInPlace) == std::byte{}) return false;
  packet[1] |= kCeInPlace;
  return true;
}

}  // namespace

bool mark_congestion(MutableBytes packet) {
  return (packet[0] >> 4U) == std::byte{4} ? mark_v4(packet) : mark_v6(packet);
}

}  // namespace hawser::tunnel
