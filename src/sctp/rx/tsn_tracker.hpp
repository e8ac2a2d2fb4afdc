#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/serial.hpp"
#include "sctp/wire/sack.hpp"

namespace hawser::sctp::rx {

enum class Arrival : std::uint8_t { fresh, duplicate, out_of_window };

/// Which TSNs of the peer have arrived, as numbers that never wrap: the TSN of the wire plus a multiple of
/// 2^32.
///
/// Owns a ring of bits for the TSNs above the cumulative one, and the duplicates seen since the last SACK.
/// Never holds data, never decides when a SACK goes out. In order, nothing but two counters is touched.
class TsnTracker {
 public:
  /// TSNs further than this above the cumulative one are out of window. Gap block offsets have 16 bits.
  static constexpr std::uint64_t kMaxSpan = 32'768;
  /// Duplicates remembered for one SACK; more are only counted.
  static constexpr std::size_t kMaxDuplicates = 32;

  explicit TsnTracker(Tsn peer_initial_tsn);

  [[nodiscard]] std::uint64_t unwrap(Tsn tsn) const { return hawser::unwrap(tsn, cumulative_); }
  [[nodiscard]] Arrival classify(std::uint64_t tsn) const {
    if (tsn <= cumulative_) return Arrival::duplicate;
    if (tsn > highest_) return tsn - cumulative_ > kMaxSpan ? Arrival::out_of_window : Arrival::fresh;
    return test(tsn) ? Arrival::duplicate : Arrival::fresh;
  }
  /// Whether `tsn` has arrived (or was skipped by advance_to).
  [[nodiscard]] bool received(std::uint64_t tsn) const {
    return tsn <= cumulative_ || (tsn <= highest_ && test(tsn));
  }

  /// Marks `tsn`, which classify() calls fresh, as received.
  void record(std::uint64_t tsn);
  void note_duplicate(std::uint64_t tsn);
  /// All TSNs up to `tsn` count as received (FORWARD TSN, RFC 3758 §3.6). Older ones change nothing; `tsn` is
  /// at most kMaxSpan above the cumulative one.
  void advance_to(std::uint64_t tsn);

  [[nodiscard]] std::uint64_t cumulative() const { return cumulative_; }
  [[nodiscard]] std::uint64_t highest() const { return highest_; }
  [[nodiscard]] bool has_gaps() const { return highest_ != cumulative_; }

  /// Writes the runs of TSNs received above the cumulative one, lowest first, as many as fit; how many.
  std::size_t lowest_gap_blocks(std::span<wire::GapBlock> out) const;
  /// The same, but when not all fit, half of the room has the lowest and the rest the highest ones.
  std::size_t outer_gap_blocks(std::span<wire::GapBlock> out) const;

  /// TSNs received again since clear_duplicates(), at most kMaxDuplicates of them.
  [[nodiscard]] std::span<const Tsn> duplicates() const { return {duplicates_.data(), duplicate_count_}; }
  void clear_duplicates() { duplicate_count_ = 0; }
  [[nodiscard]] std::uint64_t total_duplicates() const { return total_duplicates_; }

 private:
  [[nodiscard]] std::uint64_t& word(std::uint64_t tsn) { return words_[(tsn / 64) & (words_.size() - 1)]; }
  [[nodiscard]] const std::uint64_t& word(std::uint64_t tsn) const {
    return words_[(tsn / 64) & (words_.size() - 1)];
  }
  [[nodiscard]] bool test(std::uint64_t tsn) const { return (word(tsn) >> (tsn % 64) & 1) != 0; }
  template <class Visit>
  void for_each_run(Visit visit) const;
  [[nodiscard]] std::uint64_t missing_from(std::uint64_t from) const;
  [[nodiscard]] wire::GapBlock block(std::uint64_t first, std::uint64_t last) const;
  void clear(std::uint64_t first, std::uint64_t last);
  void grow(std::uint64_t tsn);

  std::uint64_t cumulative_;
  std::uint64_t highest_;  ///< equals cumulative_ when there is no gap
  /// Bit `tsn` is set exactly for the received TSNs in (cumulative_, highest_], which share no word.
  /// Size: a power of two.
  std::vector<std::uint64_t> words_;
  std::array<Tsn, kMaxDuplicates> duplicates_{};
  std::size_t duplicate_count_ = 0;
  std::uint64_t total_duplicates_ = 0;
};

}  // namespace hawser::sctp::rx
