#include "crypto/base64.hpp"

#include <algorithm>
#include <cassert>

namespace hawser::crypto {
namespace {

// All ones when low <= value <= high, else zero. Every argument is below 2^16.
constexpr unsigned in_range(unsigned value, unsigned low, unsigned high) {
  return (((value - low) | (high - value)) >> 31U) - 1U;
}

constexpr char encode_digit(unsigned digit) {
  return static_cast<char>((in_range(digit, 0, 25) & (digit + 'A')) |
                           (in_range(digit, 26, 51) & (digit - 26 + 'a')) |
                           (in_range(digit, 52, 61) & (digit - 52 + '0')) | (in_range(digit, 62, 62) & '+') |
                           (in_range(digit, 63, 63) & '/'));
}

// The value of the digit; for any other character, a value with bit 6 set.
constexpr unsigned decode_digit(char character) {
  const unsigned c = static_cast<unsigned char>(character);
  const unsigned known = in_range(c, 'A', 'Z') | in_range(c, 'a', 'z') | in_range(c, '0', '9') |
                         in_range(c, '+', '+') | in_range(c, '/', '/');
  return (in_range(c, 'A', 'Z') & (c - 'A')) | (in_range(c, 'a', 'z') & (c - 'a' + 26)) |
         (in_range(c, '0', '9') & (c - '0' + 52)) | (in_range(c, '+', '+') & 62U) |
         (in_range(c, '/', '/') & 63U) | (~known & 64U);
}

}  // namespace

void base64_encode(Bytes in, std::span<char> out) {
  assert(out.size() == base64_size(in.size()));
  for (std::size_t group = 0; group * 3 < in.size(); ++group) {
    const Bytes part = in.subspan(group * 3, std::min<std::size_t>(3, in.size() - group * 3));
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8U | (i < part.size() ? std::to_integer<unsigned>(part[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) {
      out[group * 4 + i] = i <= part.size() ? encode_digit(bits >> (18 - 6 * i) & 63U) : '=';
    }
  }
}

bool base64_decode(std::string_view in, MutableBytes out) {
  if (in.size() != base64_size(out.size())) return false;
  unsigned wrong = 0;
  for (std::size_t group = 0; group * 3 < out.size(); ++group) {
    const MutableBytes part = out.subspan(group * 3, std::min<std::size_t>(3, out.size() - group * 3));
    unsigned bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const char c = in[group * 4 + i];
      const unsigned digit = i <= part.size() ? decode_digit(c) : (c == '=' ? 0U : 64U);
      wrong |= digit & 64U;
      bits = bits << 6U | (digit & 63U);
    }
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = static_cast<std::byte>(bits >> (16 - 8 * i));
    // An encoder sets the unused bits behind the last byte to zero.
    wrong |= bits & ((1U << (8 * (3 - part.size()))) - 1U);
  }
  return wrong == 0;
}

}  // namespace hawser::crypto
