#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::security {

/// Which sequence numbers of one path id were taken (RFC 4303 §3.4.3). Owns one bit for each of the kSize
/// numbers up to the newest; older numbers count as taken. Call fresh() before a record is decrypted, and
/// take() only after that succeeded.
class ReplayWindow {
 public:
  /// As many packets as one path may reorder: some 40 ms of full-sized packets at 1 Gbit/s.
  static constexpr std::uint64_t kSize = 4096;

  /// Whether `sequence` was not taken and is not older than the window.
  [[nodiscard]] bool fresh(RecordSequence sequence) const {
    const std::uint64_t number = sequence.value();
    if (number >= end_) return true;
    if (end_ - number > kSize) return false;
    return (words_[index(number)] & bit(number)) == 0;
  }
  /// Whether `sequence` is above every number that was taken.
  [[nodiscard]] bool newest(RecordSequence sequence) const { return sequence.value() >= end_; }

  /// Whether a number between the highest that was taken and `sequence` was not taken.
  [[nodiscard]] bool skips(RecordSequence sequence) const { return sequence.value() > end_; }

  /// Marks `sequence`, which must be fresh, as taken.
  void take(RecordSequence sequence) {
    const std::uint64_t number = sequence.value();
    if (number >= end_) advance(number + 1);
    words_[index(number)] |= bit(number);
  }

 private:
  // One word more than the window, so that the word that is being filled never holds numbers of the window's
  // other end.
  static constexpr std::size_t kWords = 128;
  static_assert(kWords * 64 >= kSize + 64);

  static std::size_t index(std::uint64_t number) { return number / 64 % kWords; }
  static std::uint64_t bit(std::uint64_t number) { return std::uint64_t{1} << (number % 64); }

  void advance(std::uint64_t end) {
    // The word of end_ itself is in use, unless end_ is its first number.
    const std::uint64_t first_new = (end_ + 63) / 64;
    const std::uint64_t last_new = (end - 1) / 64;
    const std::uint64_t count = last_new + 1 > first_new ? last_new + 1 - first_new : 0;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, kWords); ++i)
      words_[(last_new - i) % kWords] = 0;
    end_ = end;
  }

  std::uint64_t end_ = 0;  ///< one above the newest
  std::array<std::uint64_t, kWords> words_{};
};

}  // namespace hawser::sctp::security
