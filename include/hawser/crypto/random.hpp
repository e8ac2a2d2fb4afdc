#pragma once

#include "hawser/base/random.hpp"

namespace hawser::crypto {

/// Random bytes of the operating system, through OpenSSL. Owns nothing; never falls back to a weaker source.
class SystemRandom final : public RandomSource {
 public:
  /// Fills all of `out`. Throws std::runtime_error when the system has no randomness.
  void fill(MutableBytes out) override;
};

}  // namespace hawser::crypto
