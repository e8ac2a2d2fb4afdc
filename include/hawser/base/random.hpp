#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// A source of unpredictable bytes. The user of the engine passes it in, so that a simulation can replay a
/// run from a seed; the programs pass crypto::SystemRandom.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  /// Fills all of `out`.
  virtual void fill(MutableBytes out) = 0;

  /// A uniformly distributed 32-bit number.
  std::uint32_t u32() { return number<std::uint32_t>(); }
  /// A uniformly distributed 64-bit number.
  std::uint64_t u64() { return number<std::uint64_t>(); }

 private:
  template <class T>
  T number() {
    std::byte raw[sizeof(T)];
    fill(raw);
    return load_be<T>(raw);
  }
};

}  // namespace hawser
