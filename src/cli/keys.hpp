#pragma once

#include <optional>
#include <string>

#include "cli/failure.hpp"
#include "hawser/base/random.hpp"

/// The commands `hawser genkey`, `genpsk` and `pubkey`, between file descriptors. Keys pass through memory
/// that is wiped, never through buffers of the C or C++ library.
namespace hawser::cli {

/// Writes a new private key to `out` as one line of base64. Returns the failure, if any.
[[nodiscard]] std::optional<Failure> write_private_key(RandomSource& random, int out);
/// Writes a new pre-shared key to `out` as one line of base64. Returns the failure, if any.
[[nodiscard]] std::optional<Failure> write_preshared_key(RandomSource& random, int out);
/// Reads a private key as one line of base64 from `in` and writes its public key to `out`. Returns the
/// failure, if any.
[[nodiscard]] std::optional<Failure> write_public_key(int in, int out);

/// Returns a warning when a secret written to `descriptor` is exposed: to a terminal, or to a file that
/// others may access.
[[nodiscard]] std::optional<std::string> exposure(int descriptor);

}  // namespace hawser::cli
