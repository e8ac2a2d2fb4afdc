#pragma once

#include <cstdint>
#include <random>

#include "hawser/base/random.hpp"

namespace hawser::test {

/// Random numbers that depend only on the seed.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace hawser::test
