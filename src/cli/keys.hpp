#pragma once

#include <optional>
#include <string>

#include "cli/failure.hpp"
#include "hawser/base/random.hpp"

/// What `hawser genkey`, `genpsk` and `pubkey` do, between two descriptors. Keys pass through memory that is
/// wiped, never through buffers of the C or C++ library.
namespace hawser::cli {

/// Each writes one line of base64. The result is what went wrong, if anything did.
[[nodiscard]] std::optional<Failure> write_private_key(RandomSource& random, int out);
[[nodiscard]] std::optional<Failure> write_preshared_key(RandomSource& random, int out);
/// Reads the line of a private key from `in`, to its end.
[[nodiscard]] std::optional<Failure> write_public_key(int in, int out);

/// Why `descriptor` is a bad place for a secret: a terminal, or a file that not only its owner may access.
[[nodiscard]] std::optional<std::string> exposure(int descriptor);

}  // namespace hawser::cli
