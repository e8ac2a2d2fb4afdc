#pragma once

#include <cstdint>

#include "hawser/base/random.hpp"

namespace hawser::sctp::test {

/// The same numbers in every run (splitmix64).
class TestRandom final : public RandomSource {
 public:
  explicit TestRandom(std::uint64_t seed = 1) : state_(seed) {}

  void fill(MutableBytes out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(next() >> 56);
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace hawser::sctp::test
