#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "hawser/base/random.hpp"

namespace hawser::sim {

/// A small and fast generator: xoshiro256**, seeded by splitmix64. The same seed gives the same numbers on
/// every machine. std::uniform_int_distribution and its relatives do not guarantee that, so the class has its
/// own helpers. Owns 32 bytes of state.
class SimRandom final : public RandomSource {
 public:
  explicit SimRandom(std::uint64_t seed) {
    for (auto& word : state_) word = split_mix(seed);
  }

  /// One step of splitmix64; also a good hash of `state`.
  static std::uint64_t split_mix(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  /// The next 64 random bits.
  std::uint64_t next() {
    const std::uint64_t result = rotated(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotated(state_[3], 45);
    return result;
  }

  /// Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  /// Uniform in [0, bound); `bound` must not be zero. The bias of the multiplication is far below what a test
  /// can detect.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// True with `probability`. Draws no number when `probability` is zero.
  bool chance(double probability) { return probability > 0 && unit() < probability; }

  void fill(MutableBytes out) override {
    for (std::size_t at = 0; at < out.size(); at += 8) {
      std::byte raw[8];
      store_be(raw, next());
      std::memcpy(out.data() + at, raw, std::min<std::size_t>(8, out.size() - at));
    }
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static std::uint64_t rotated(std::uint64_t value, unsigned by) {
    return (value << by) | (value >> (64 - by));
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace hawser::sim
