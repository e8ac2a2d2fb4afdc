#include "trace/crc32c.hpp"

#include <array>
#include <cstring>

namespace hawser::trace {
namespace {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t crc = n;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f6'3b78U : 0U);
    tables[0][n] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice) {
    for (std::size_t n = 0; n < 256; ++n) {
      const std::uint32_t before = tables[slice - 1][n];
      tables[slice][n] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr CrcTables kCrc = make_crc_tables();

std::uint32_t crc_update(std::uint32_t crc, Bytes bytes) {
  while (bytes.size() >= 8) {
    std::array<std::uint8_t, 8> raw{};
    std::memcpy(raw.data(), bytes.data(), 8);
    for (std::size_t i = 0; i < 4; ++i) raw[i] = static_cast<std::uint8_t>(raw[i] ^ (crc >> (8 * i)));
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kCrc[7 - i][raw[i]];
    bytes = bytes.subspan(8);
  }
  for (const std::byte b : bytes) crc = (crc >> 8) ^ kCrc[0][(crc ^ static_cast<std::uint32_t>(b)) & 0xff];
  return crc;
}

}  // namespace

std::uint32_t packet_checksum(Bytes header, Bytes chunks) {
  constexpr std::array<std::byte, 4> kZero{};
  std::uint32_t crc = crc_update(~0U, header.first(8));
  crc = crc_update(crc, kZero);
  return ~crc_update(crc, chunks);
}

}  // namespace hawser::trace
