#include "hawser/crypto/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace hawser::crypto {

void SystemRandom::fill(MutableBytes out) {
  constexpr std::size_t kMaxRequest = std::numeric_limits<int>::max();
  while (!out.empty()) {
    const MutableBytes part = out.first(std::min(out.size(), kMaxRequest));
    if (RAND_bytes(reinterpret_cast<unsigned char*>(part.data()), static_cast<int>(part.size())) != 1) {
      throw std::runtime_error("no random bytes from the operating system");
    }
    out = out.subspan(part.size());
  }
}

}  // namespace hawser::crypto
