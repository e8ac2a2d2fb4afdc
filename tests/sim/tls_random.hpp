#pragma once

#include <cstdint>

namespace hawser::sim {

/// Makes OpenSSL draw all random numbers of TLS from this seed from now on, so that a run with protected
/// associations replays byte for byte. There is one generator for the whole program: several worlds that run
/// in turns are only reproducible together.
void seed_tls_random(std::uint64_t seed);

}  // namespace hawser::sim
