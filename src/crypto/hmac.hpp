#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

/// Result of HMAC-SHA-1.
using Sha1Digest = std::array<std::byte, 20>;
/// Result of SHA-256 and HMAC-SHA-256.
using Sha256Digest = std::array<std::byte, 32>;

/// HMAC-SHA-1 (RFC 2104) over the concatenation of `parts`. With parts, a caller can replace a range, such as
/// the zeroed digest of RFC 4895 §6.2, without copying the packet. The key may have any size, also zero.
/// Throws std::bad_alloc when OpenSSL fails.
[[nodiscard]] Sha1Digest hmac_sha1(Bytes key, std::span<const Bytes> parts);
/// HMAC-SHA-256 (RFC 2104) over the concatenation of `parts`. The key may have any size, also zero. Throws
/// std::bad_alloc when OpenSSL fails.
[[nodiscard]] Sha256Digest hmac_sha256(Bytes key, std::span<const Bytes> parts);

/// SHA-256 (FIPS 180-4) over the concatenation of `parts`. Throws std::bad_alloc when OpenSSL fails.
[[nodiscard]] Sha256Digest sha256(std::span<const Bytes> parts);

/// Compares two secrets in a time that does not depend on their content. Different sizes are never equal.
[[nodiscard]] bool constant_time_equal(Bytes a, Bytes b);

}  // namespace hawser::crypto
