#pragma once

#include "hawser/base/random.hpp"

namespace hawser::crypto {

/// The operating system's randomness by way of OpenSSL. Owns nothing; never falls back to anything weaker:
/// without entropy it throws std::runtime_error.
class SystemRandom final : public RandomSource {
 public:
  void fill(MutableBytes out) override;
};

}  // namespace hawser::crypto
