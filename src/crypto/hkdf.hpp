#pragma once

#include <string_view>

#include "hawser/crypto/secret.hpp"

namespace hawser::crypto {

/// HKDF-Extract with SHA-256 (RFC 5869 §2.2): returns a pseudorandom key of 32 bytes.
[[nodiscard]] SecretBytes hkdf_extract(Bytes salt, Bytes input_key_material);

/// HKDF-Expand with SHA-256 (RFC 5869 §2.3): returns `size` bytes, at most 255 × 32.
[[nodiscard]] SecretBytes hkdf_expand(Bytes pseudorandom_key, Bytes info, std::size_t size);

/// Prefix of all our labels, in place of "tls13 " in TLS 1.3, so that no derived key can equal a key of TLS.
inline constexpr std::string_view kLabelPrefix = "hawser ";

/// HKDF-Expand-Label as TLS 1.3 encodes it (RFC 8446 §7.1): size(2) ‖ length(1) ‖ prefix + label ‖ length(1)
/// ‖ context. Prefix and label together have 1 to 255 bytes, the context has at most 255; `size` is at most
/// 255 × 32.
[[nodiscard]] SecretBytes hkdf_expand_label(Bytes secret, std::string_view label, Bytes context,
                                            std::size_t size, std::string_view prefix = kLabelPrefix);

}  // namespace hawser::crypto
