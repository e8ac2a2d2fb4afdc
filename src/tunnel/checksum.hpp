#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"

namespace hawser::tunnel {

/// Computes the Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit
/// words in network byte order. Owns the sum.
class InternetChecksum {
 public:
  /// Adds a run of bytes. Only the last run may have an odd length; it is padded with a zero byte.
  void add(Bytes bytes) {
    std::size_t at = 0;
    for (; at + 2 <= bytes.size(); at += 2) sum_ += load_be<std::uint16_t>(bytes.data() + at);
    if (at < bytes.size()) sum_ += std::to_integer<std::uint64_t>(bytes[at]) << 8U;
  }
  /// Adds one word, in host byte order.
  void add(std::uint16_t word) { sum_ += word; }

  /// The checksum of everything added, in host byte order.
  [[nodiscard]] std::uint16_t value() const {
    std::uint64_t folded = sum_;
    while (folded > 0xffffU) folded = (folded & 0xffffU) + (folded >> 16U);
    return static_cast<std::uint16_t>(~folded);
  }

  /// Updates `checksum` after one word of the data changed from `before` to `after` (RFC 1624 equation 3). A
  /// checksum that was wrong stays wrong by the same amount.
  [[nodiscard]] static std::uint16_t adjusted(std::uint16_t checksum, std::uint16_t before,
                                              std::uint16_t after) {
    InternetChecksum sum;
    sum.add(static_cast<std::uint16_t>(~checksum));
    sum.add(static_cast<std::uint16_t>(~before));
    sum.add(after);
    return sum.value();
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace hawser::tunnel
