#pragma once

#include <string_view>

#include "hawser/crypto/secret.hpp"

namespace hawser::crypto {

/// HKDF with SHA-256 (RFC 5869 §2.2): a pseudorandom key of 32 bytes.
[[nodiscard]] SecretBytes hkdf_extract(Bytes salt, Bytes input_key_material);

/// RFC 5869 §2.3. `size` up to 255 × 32 bytes.
[[nodiscard]] SecretBytes hkdf_expand(Bytes pseudorandom_key, Bytes info, std::size_t size);

/// What every label of ours starts with, where TLS 1.3 says "tls13 ": no key of ours can ever equal one of
/// TLS.
inline constexpr std::string_view kLabelPrefix = "hawser ";

/// HKDF-Expand-Label as TLS 1.3 encodes it (RFC 8446 §7.1): size(2) ‖ length(1) ‖ prefix + label ‖ length(1)
/// ‖ context. Prefix and label together 1 to 255 bytes, context up to 255.
[[nodiscard]] SecretBytes hkdf_expand_label(Bytes secret, std::string_view label, Bytes context,
                                            std::size_t size, std::string_view prefix = kLabelPrefix);

}  // namespace hawser::crypto
