#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// Unpredictable bytes. Injected, so that a simulated run replays from a seed; the programs inject the
/// operating system's.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(MutableBytes out) = 0;

  std::uint32_t u32() { return number<std::uint32_t>(); }
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
