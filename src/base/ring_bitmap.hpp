#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace hawser {

/// One bit per number in a ring, scanned a word at a time. Owns the words; changes its capacity only in
/// grow(). The caller keeps all set bits, and the ranges that it passes, within `capacity` consecutive
/// numbers.
class RingBitmap {
 public:
  /// No number; the result of a search without a match.
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  /// `capacity` is a power of two, at least 64.
  explicit RingBitmap(std::size_t capacity) : words_(capacity / kWordBits) {}

  /// How many consecutive numbers have a bit of their own.
  [[nodiscard]] std::size_t capacity() const { return words_.size() * kWordBits; }
  /// Raises the capacity to `capacity`, a power of two. All set bits are in [from, to); they are kept.
  void grow(std::size_t capacity, std::uint64_t from, std::uint64_t to) {
    RingBitmap larger(capacity);
    for (std::uint64_t base = word_base(from); base < to; base += kWordBits)
      larger.word(base) |= word(base) & mask(base, from, to);
    words_ = std::move(larger.words_);
  }

  /// Whether the bit of `n` is set.
  [[nodiscard]] bool test(std::uint64_t n) const { return ((word(n) >> (n % kWordBits)) & 1) != 0; }
  /// Sets the bit of `n`.
  void set(std::uint64_t n) { word(n) |= std::uint64_t{1} << (n % kWordBits); }
  /// Clears the bit of `n`.
  void clear(std::uint64_t n) { word(n) &= ~(std::uint64_t{1} << (n % kWordBits)); }
  /// Clears the bits of [from, to).
  void clear(std::uint64_t from, std::uint64_t to) {
    if (from == to) return;  // touches no word
    for (std::uint64_t base = word_base(from); base < to; base += kWordBits)
      word(base) &= ~mask(base, from, to);
  }

  /// The first set number in [from, to), or kNone.
  [[nodiscard]] std::uint64_t find_set(std::uint64_t from, std::uint64_t to) const {
    return find(from, to, [](std::uint64_t bits) { return bits; });
  }
  /// The first clear number in [from, to), or kNone.
  [[nodiscard]] std::uint64_t find_clear(std::uint64_t from, std::uint64_t to) const {
    return find(from, to, [](std::uint64_t bits) { return ~bits; });
  }

  /// The lowest number of the run of set numbers in [from, to) that is `count`-th from the top; kNone: there
  /// are fewer runs. `count` is at least 1.
  [[nodiscard]] std::uint64_t find_run_from_top(std::uint64_t from, std::uint64_t to,
                                                std::size_t count) const {
    if (from >= to) return kNone;
    const std::uint64_t lowest = word_base(from);
    for (std::uint64_t base = word_base(to - 1);; base -= kWordBits) {
      const std::uint64_t bits = word(base) & mask(base, from, to);
      const bool continues = base != lowest && test(base - 1);
      std::uint64_t starts = bits & ~(bits << 1 | (continues ? 1U : 0U));
      const auto found = static_cast<std::size_t>(std::popcount(starts));
      if (found >= count) {
        for (std::size_t below = found - count; below != 0; --below) starts &= starts - 1;
        return base + static_cast<std::uint64_t>(std::countr_zero(starts));
      }
      if (base == lowest) return kNone;
      count -= found;
    }
  }

  /// Calls `visit(first, last)` for each run of set numbers in [from, to), lowest first, until it returns
  /// false.
  template <class Visit>
  void for_each_run(std::uint64_t from, std::uint64_t to, Visit visit) const {
    std::uint64_t first = 0;
    bool inside = false;
    for (std::uint64_t base = word_base(from); base < to; base += kWordBits) {
      const std::uint64_t bits = word(base) & mask(base, from, to);
      // Bits that differ from the bit below them: runs begin and end there in turn.
      std::uint64_t edges = bits ^ (bits << 1 | (inside ? 1U : 0U));
      for (; edges != 0; edges &= edges - 1) {
        const std::uint64_t at = base + static_cast<std::uint64_t>(std::countr_zero(edges));
        inside = !inside;
        if (inside) {
          first = at;
        } else if (!visit(first, at - 1)) {
          return;
        }
      }
    }
    if (inside) visit(first, to - 1);
  }

 private:
  static constexpr std::uint64_t kWordBits = 64;

  [[nodiscard]] static std::uint64_t word_base(std::uint64_t n) { return n / kWordBits * kWordBits; }
  // The bits of [from, to) in the word that starts at `base`, which is below `to`.
  [[nodiscard]] static std::uint64_t mask(std::uint64_t base, std::uint64_t from, std::uint64_t to) {
    std::uint64_t bits = ~std::uint64_t{0};
    if (base < from) bits <<= from - base;
    if (to - base < kWordBits) bits &= (std::uint64_t{1} << (to - base)) - 1;
    return bits;
  }
  template <class Transform>
  [[nodiscard]] std::uint64_t find(std::uint64_t from, std::uint64_t to, Transform transform) const {
    while (from < to) {
      const std::uint64_t rest = transform(word(from)) >> (from % kWordBits);
      if (rest != 0) {
        from += static_cast<std::uint64_t>(std::countr_zero(rest));
        return from < to ? from : kNone;
      }
      from = word_base(from) + kWordBits;
    }
    return kNone;
  }
  [[nodiscard]] const std::uint64_t& word(std::uint64_t n) const {
    return words_[(n / kWordBits) & (words_.size() - 1)];
  }
  [[nodiscard]] std::uint64_t& word(std::uint64_t n) { return words_[(n / kWordBits) & (words_.size() - 1)]; }

  std::vector<std::uint64_t> words_;
};

}  // namespace hawser
