#pragma once

#include <cstdint>

namespace hawser::sim {

/// OpenSSL draws the random numbers of TLS itself. From here on it draws them from this seed, so that a run
/// with protected associations replays byte for byte. One generator for the whole program: worlds that run in
/// turns are reproducible together.
void seed_tls_random(std::uint64_t seed);

}  // namespace hawser::sim
