#pragma once

#include <span>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

/// Number of base64 characters (RFC 4648 §4) for `size` bytes, with padding.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t size) {
  return (size + 2) / 3 * 4;
}

/// Writes base64_size(in.size()) characters to `out`. Runs in constant time, without branches and table
/// look-ups that depend on the bytes, because they may be a private key.
void base64_encode(Bytes in, std::span<char> out);

/// Fills `out` from exactly base64_size(out.size()) characters. False for any text other than the one that
/// base64_encode() writes for `out`; `out` is then unspecified. Runs in constant time, as base64_encode()
/// does.
[[nodiscard]] bool base64_decode(std::string_view in, MutableBytes out);

}  // namespace hawser::crypto
