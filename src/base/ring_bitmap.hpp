#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hawser::sctp {

/// One bit per TSN in a ring, scanned a word at a time. Owns the words; never grows. The caller keeps all set
/// bits within `capacity` consecutive numbers.
class RingBitmap {
 public:
  /// No number; the result of a search without a match.
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  /// `capacity` is a power of two, at least 64.
  explicit RingBitmap(std::size_t capacity) : words_(capacity / 64) {}

  /// Whether the bit of `n` is set.
  [[nodiscard]] bool test(std::uint64_t n) const { return ((word(n) >> (n % 64)) & 1) != 0; }
  /// Sets the bit of `n`.
  void set(std::uint64_t n) { word(n) |= std::uint64_t{1} << (n % 64); }
  /// Clears the bit of `n`.
  void clear(std::uint64_t n) { word(n) &= ~(std::uint64_t{1} << (n % 64)); }

  /// The first set number in [from, to), or kNone.
  [[nodiscard]] std::uint64_t find_set(std::uint64_t from, std::uint64_t to) const {
    while (from < to) {
      const std::uint64_t rest = word(from) >> (from % 64);
      if (rest != 0) {
        from += static_cast<std::uint64_t>(std::countr_zero(rest));
        return from < to ? from : kNone;
      }
      from = (from / 64 + 1) * 64;
    }
    return kNone;
  }

 private:
  [[nodiscard]] const std::uint64_t& word(std::uint64_t n) const {
    return words_[(n / 64) & (words_.size() - 1)];
  }
  [[nodiscard]] std::uint64_t& word(std::uint64_t n) { return words_[(n / 64) & (words_.size() - 1)]; }

  std::vector<std::uint64_t> words_;
};

}  // namespace hawser::sctp
