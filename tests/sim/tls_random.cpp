#define OPENSSL_SUPPRESS_DEPRECATED  // OpenSSL 3 has no other short way to replace its random source
#include "sim/tls_random.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "crypto/tls_session.hpp"
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

// OpenSSL and the engine create some state once for all TLS sessions, and draw random numbers for it. This
// must not depend on which seed comes first.
void make_shared_tls_state() {
  const auto key = crypto::PrivateKey::generate(generator());
  const crypto::TlsIdentity identity(key);
  auto client = crypto::TlsSession::client(identity, key.public_key());
  auto server = crypto::TlsSession::server(identity, [](const crypto::PublicKey&) { return true; });
  for (int flight = 0; flight < 3; ++flight) {
    server.feed(client.take_output());
    client.feed(server.take_output());
  }
}

}  // namespace

void seed_tls_random(std::uint64_t seed) {
  static const RAND_METHOD method = {nullptr, fill, nullptr, nullptr, fill, ready};
  static const bool installed = RAND_set_rand_method(&method) == 1;
  if (!installed) throw std::runtime_error("cannot replace the random source of OpenSSL");
  static const bool shared = (make_shared_tls_state(), true);
  static_cast<void>(shared);
  generator() = SimRandom(seed ^ 0x746c'73);
}

}  // namespace hawser::sim
