#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace hawser::sctp::security {

/// Which sequence numbers of one path id were taken already (RFC 4303 §3.4.3). Knows the newest and the
/// kSize numbers up to it; what is older counts as taken. To be asked before a record is opened and
/// advertised only after that succeeded.
class ReplayWindow {
 public:
  /// As many packets as one path may reorder: some 40 ms of full-sized ones at 1 Gbit/s.
  static constexpr std::uint64_t kSize = 4096;

  [[nodiscard]] bool fresh(std::uint64_t sequence) const {
    if (sequence >= end_) return true;
    if (end_ - sequence > kSize) return false;
    return (words_[index(sequence)] & bit(sequence)) == 0;
  }
  [[nodiscard]] bool newest(std::uint64_t sequence) const { return sequence >= end_; }

  /// `sequence` must be fresh.
  void take(std::uint64_t sequence) {
    if (sequence >= end_) advance(sequence + 1);
    words_[index(sequence)] |= bit(sequence);
  }

 private:
  // One word more than the window, so that the word that is being filled never holds numbers of the window's
  // other end.
  static constexpr std::size_t kWords = 128;
  static_assert(kWords * 64 >= kSize + 64);

  static std::size_t index(std::uint64_t sequence) { return sequence / 64 % kWords; }
  static std::uint64_t bit(std::uint64_t sequence) { return std::uint64_t{1} << (sequence % 64); }

  void advance(std::uint64_t end) {
    const std::uint64_t first_new =
        (end_ + 63) / 64;  // the word of end_ itself is in use, unless it begins there
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
