#pragma once

#include <span>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

/// Characters of base64 (RFC 4648 §4) for `size` bytes, padding included.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t size) {
  return (size + 2) / 3 * 4;
}

/// Writes base64_size(in.size()) characters to `out`. No branch and no table look-up depends on the bytes:
/// they may be a private key.
void base64_encode(Bytes in, std::span<char> out);

/// Fills `out` from exactly base64_size(out.size()) characters; false for any other text than the one that
/// encoding `out` gives. Depends on the bytes no more than encoding does.
[[nodiscard]] bool base64_decode(std::string_view in, MutableBytes out);

}  // namespace hawser::crypto
