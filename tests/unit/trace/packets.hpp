#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/sctp/packet_observer.hpp"

namespace hawser::trace {

inline std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// A common header from port 9899 to port 5001 with the tag 1a2b3c4d, whose checksum field has garbage.
inline std::vector<std::byte> header() {
  return bytes_of({0x26, 0xab, 0x13, 0x89, 0x1a, 0x2b, 0x3c, 0x4d, 0xde, 0xad, 0xbe, 0xef});
}

/// DATA with the TSN 7 on stream 1, PPID 51, flags B and E, and three bytes of user data.
inline std::vector<std::byte> data_chunk() {
  return bytes_of({0, 3, 0, 19, 0, 0, 0, 7, 0, 1, 0, 2, 0, 0, 0, 51, 'a', 'b', 'c', 0});
}

/// SACK up to TSN 3 with a window of 65536, one gap block and one duplicate.
inline std::vector<std::byte> sack_chunk() {
  return bytes_of({3, 0, 0, 24, 0, 0, 0, 3, 0, 1, 0, 0, 0, 1, 0, 1, 0, 2, 0, 4, 0, 0, 0, 9});
}

inline std::vector<std::byte> joined(std::initializer_list<std::vector<std::byte>> parts) {
  std::vector<std::byte> bytes;
  for (const auto& part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

}  // namespace hawser::trace
