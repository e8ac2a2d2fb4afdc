#define OPENSSL_SUPPRESS_DEPRECATED  // nothing younger replaces a random source by a few lines
#include "sim/tls_random.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "sim/sim_random.hpp"

namespace hawser::sim {
namespace {

SimRandom& generator() {
  static SimRandom random(0);
  return random;
}

int fill(unsigned char* out, int count) {
  generator().fill({reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(count)});
  return 1;
}

int ready() {
  return 1;
}

}  // namespace

void seed_tls_random(std::uint64_t seed) {
  static const RAND_METHOD method = {nullptr, fill, nullptr, nullptr, fill, ready};
  static const bool installed = RAND_set_rand_method(&method) == 1;
  if (!installed) throw std::runtime_error("openssl keeps its own random source");
  generator() = SimRandom(seed ^ 0x746c'73);
}

}  // namespace hawser::sim
