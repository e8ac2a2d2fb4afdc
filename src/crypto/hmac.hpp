#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

using Sha1Digest = std::array<std::byte, 20>;
using Sha256Digest = std::array<std::byte, 32>;

/// HMAC (RFC 2104) over the concatenation of `parts`, so that a caller can skip or replace a stretch (the
/// zeroed digest of RFC 4895 §6.2) without copying the packet. Keys of any size, none included. Throws
/// std::bad_alloc when OpenSSL has no memory.
[[nodiscard]] Sha1Digest hmac_sha1(Bytes key, std::span<const Bytes> parts);
[[nodiscard]] Sha256Digest hmac_sha256(Bytes key, std::span<const Bytes> parts);

/// SHA-256 (FIPS 180-4) over the concatenation of `parts`. Throws std::bad_alloc when OpenSSL has no memory.
[[nodiscard]] Sha256Digest sha256(std::span<const Bytes> parts);

/// Equality whose duration does not tell where two secrets differ. Different sizes are never equal.
[[nodiscard]] bool constant_time_equal(Bytes a, Bytes b);

}  // namespace hawser::crypto
