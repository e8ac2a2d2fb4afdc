#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto::test {

using ByteVector = std::vector<std::byte>;

inline ByteVector from_hex(std::string_view text) {
  ByteVector out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::byte>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

inline std::string to_hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += kDigits[std::to_integer<unsigned>(b) >> 4U];
    out += kDigits[std::to_integer<unsigned>(b) & 15U];
  }
  return out;
}

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace hawser::crypto::test
