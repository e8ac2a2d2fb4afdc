#pragma once

#include <algorithm>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "hawser/base/random.hpp"

namespace hawser::fuzz {

/// Traps, which the fuzzer reports as a crash, unless `condition` holds.
inline void require(bool condition) {
  if (!condition) __builtin_trap();
}

/// The unread part of the fuzzer's input. Reads zeros after its end. Does not own the bytes.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t u8() {
    if (rest_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>((u8() << 8) | u8()); }
  Bytes take(std::size_t max) {
    const Bytes taken = rest_.first(std::min(max, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes rest_;
};

/// Weak random numbers, the same in every run.
class CountingRandom final : public RandomSource {
 public:
  explicit CountingRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      b = static_cast<std::byte>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace hawser::fuzz
