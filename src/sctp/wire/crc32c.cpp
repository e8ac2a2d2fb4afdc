#include "sctp/wire/crc32c.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "sctp/wire/packet.hpp"

// The checksum is the only part of the engine that depends on the instruction set.
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace hawser::sctp::wire {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, lowest power in the highest bit

constexpr std::uint32_t times_x(std::uint32_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
}

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by 8: row r holds the effect of a byte that r more bytes follow.
constexpr Table make_table() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = times_x(crc);
    table[0][byte] = crc;
  }
  for (std::size_t row = 1; row < 8; ++row) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[row - 1][byte];
      table[row][byte] = (before >> 8) ^ table[0][before & 0xFF];
    }
  }
  return table;
}
constexpr Table kTable = make_table();

std::uint32_t load_le32(const std::byte* at) {
  return __builtin_bswap32(load_be<std::uint32_t>(at));
}

std::uint32_t update_table(std::uint32_t crc, Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint32_t low = crc ^ load_le32(at);
    const std::uint32_t high = load_le32(at + 4);
    crc = kTable[7][low & 0xFF] ^ kTable[6][(low >> 8) & 0xFF] ^ kTable[5][(low >> 16) & 0xFF] ^
          kTable[4][low >> 24] ^ kTable[3][high & 0xFF] ^ kTable[2][(high >> 8) & 0xFF] ^
          kTable[1][(high >> 16) & 0xFF] ^ kTable[0][high >> 24];
  }
  for (; left > 0; ++at, --left) {
    crc = (crc >> 8) ^ kTable[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xFF];
  }
  return crc;
}

#if defined(__x86_64__)

// The crc32 instruction takes three cycles, but one can start in each cycle, so three lanes run in parallel.
// A multiplication by x^(64 n) moves the result of a lane behind the next lane of n words. The carry-less
// product of two reflected 32-bit values, read as a 64-bit word, is their product times x, and the crc32
// instruction multiplies by x^32: the exponent is therefore smaller by 33.
constexpr std::size_t kMaxLaneWords = 256;
constexpr std::array<std::uint32_t, kMaxLaneWords + 1> make_shifts() {
  std::array<std::uint32_t, kMaxLaneWords + 1> shifts{};
  std::uint32_t power = 1;  // x^31 = x^(64 - 33)
  for (std::size_t words = 1; words <= kMaxLaneWords; ++words) {
    shifts[words] = power;
    for (int bit = 0; bit < 64; ++bit) power = times_x(power);
  }
  return shifts;
}
constexpr auto kShifts = make_shifts();

std::uint64_t load_word(const std::byte* at) {
  return __builtin_bswap64(load_be<std::uint64_t>(at));
}

__attribute__((target("sse4.2,pclmul"))) std::uint64_t shift_behind(std::uint64_t crc, std::size_t words) {
  const __m128i a = _mm_cvtsi64_si128(static_cast<long long>(crc));
  const __m128i b = _mm_cvtsi64_si128(static_cast<long long>(kShifts[words]));
  const __m128i product = _mm_clmulepi64_si128(a, b, 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t update_sse42(std::uint32_t crc, Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t first = crc;
  constexpr std::size_t kWorthLanes = 144;  // below, one lane is as fast
  while (left >= kWorthLanes) {
    const std::size_t words = std::min(left / 24, kMaxLaneWords);
    const std::size_t lane = words * 8;
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::byte* end = at + lane; at != end; at += 8) {
      first = _mm_crc32_u64(first, load_word(at));
      second = _mm_crc32_u64(second, load_word(at + lane));
      third = _mm_crc32_u64(third, load_word(at + 2 * lane));
    }
    first = shift_behind(shift_behind(first, words) ^ second, words) ^ third;
    at += 2 * lane;
    left -= 3 * lane;
  }
  for (; left >= 8; at += 8, left -= 8) first = _mm_crc32_u64(first, load_word(at));
  auto narrow = static_cast<std::uint32_t>(first);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
  return narrow;
}

#elif defined(__ARM_FEATURE_CRC32)

std::uint32_t update_arm(std::uint32_t crc, Bytes bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) crc = __crc32cd(crc, __builtin_bswap64(load_be<std::uint64_t>(at)));
  for (; left > 0; ++at, --left) crc = __crc32cb(crc, std::to_integer<std::uint8_t>(*at));
  return crc;
}

#endif

using Update = std::uint32_t (*)(std::uint32_t, Bytes);

Update fastest_update() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) return update_sse42;
#elif defined(__ARM_FEATURE_CRC32)
  return update_arm;
#endif
  return update_table;
}

std::uint32_t update(std::uint32_t crc, Bytes bytes) {
  static const Update chosen = fastest_update();
  return chosen(crc, bytes);
}

// The checksum of a packet with its checksum field taken as zero (RFC 9260 §6.8), in wire order: the lowest
// byte of the CRC comes first (appendix B).
std::uint32_t packet_checksum(Bytes packet) {
  std::array<std::byte, kCommonHeaderSize> header{};
  std::copy_n(packet.begin(), 8, header.begin());
  const std::uint32_t crc = update(update(0xFFFF'FFFF, header), packet.subspan(kCommonHeaderSize));
  return __builtin_bswap32(~crc);
}

}  // namespace

std::uint32_t crc32c(Bytes bytes) {
  return ~update(0xFFFF'FFFF, bytes);
}

std::uint32_t crc32c_table(Bytes bytes) {
  return ~update_table(0xFFFF'FFFF, bytes);
}

void seal_checksum(MutableBytes packet) {
  assert(packet.size() >= kCommonHeaderSize);
  store_be(packet.data() + 8, packet_checksum(packet));
}

bool checksum_ok(Bytes packet) {
  if (packet.size() < kCommonHeaderSize) return false;
  return load_be<std::uint32_t>(packet.data() + 8) == packet_checksum(packet);
}

}  // namespace hawser::sctp::wire
