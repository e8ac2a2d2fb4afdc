#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/ring_bitmap.hpp"
#include "base/serial.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/sack.hpp"

namespace hawser::sctp::rx {

/// What a received TSN is to the receiver: new, received before, or too far ahead.
enum class Arrival : std::uint8_t { fresh, duplicate, out_of_window };

/// Which TSNs of the peer have arrived. Its TSNs are unwrapped: 64-bit numbers, the TSN of the wire plus a
/// multiple of 2^32.
///
/// Owns a ring of bits for the TSNs above the cumulative one, and the duplicates seen since the last SACK.
/// Never holds data, never decides when a SACK is sent. A TSN that arrives in order changes two counters
/// only.
class TsnTracker {
 public:
  /// TSNs further than this above the cumulative one are out of window. Gap block offsets have 16 bits.
  static constexpr std::uint64_t kMaxSpan = 65'535;
  /// Duplicates remembered for one SACK; further ones are only counted.
  static constexpr std::size_t kMaxDuplicates = 32;

  /// Expects `peer_initial_tsn` as the first TSN.
  explicit TsnTracker(Tsn peer_initial_tsn);

  /// The number nearest to the cumulative TSN that has `tsn` as its low 32 bits.
  [[nodiscard]] std::uint64_t unwrap(Tsn tsn) const { return hawser::unwrap(tsn, cumulative_); }
  /// What an arrival of `tsn` is. Changes nothing.
  [[nodiscard]] Arrival classify(std::uint64_t tsn) const {
    if (tsn <= cumulative_) return Arrival::duplicate;
    if (tsn > highest_) return tsn - cumulative_ > kMaxSpan ? Arrival::out_of_window : Arrival::fresh;
    return received_.test(tsn) ? Arrival::duplicate : Arrival::fresh;
  }
  /// Whether `tsn` has arrived (or was skipped by advance_to).
  [[nodiscard]] bool received(std::uint64_t tsn) const {
    return tsn <= cumulative_ || (tsn <= highest_ && received_.test(tsn));
  }

  /// Marks `tsn`, which classify() calls fresh, as received.
  void record(std::uint64_t tsn);
  /// Counts an arrival of `tsn` that classify() calls duplicate, and remembers it for the next SACK.
  void note_duplicate(std::uint64_t tsn);
  /// All TSNs up to `tsn` count as received (FORWARD TSN, RFC 3758 §3.6). A TSN up to the cumulative one
  /// changes nothing; `tsn` is at most kMaxSpan above the cumulative one.
  void advance_to(std::uint64_t tsn);

  /// How many TSNs up to `tsn` have not arrived. Costs O(their span / 64).
  [[nodiscard]] std::uint64_t missing_up_to(std::uint64_t tsn) const;
  /// Gives back the memory of the ring, which grows again on demand, if there is no gap.
  void trim();

  /// The highest TSN up to which all have arrived.
  [[nodiscard]] std::uint64_t cumulative() const { return cumulative_; }
  /// The highest TSN that has arrived.
  [[nodiscard]] std::uint64_t highest() const { return highest_; }
  /// Whether TSNs above the cumulative one have arrived.
  [[nodiscard]] bool has_gaps() const { return highest_ != cumulative_; }

  /// Writes the runs of TSNs received above the cumulative one, lowest first, as many as fit. Returns how
  /// many.
  std::size_t lowest_gap_blocks(std::span<wire::GapBlock> out) const;
  /// Like lowest_gap_blocks(), but only the parts of the runs from `tsn` on, which is above the cumulative
  /// one.
  std::size_t gap_blocks_from(std::uint64_t tsn, std::span<wire::GapBlock> out) const;
  /// Like lowest_gap_blocks(), but when not all runs fit, half of the room has the lowest ones and the rest
  /// the highest ones.
  std::size_t outer_gap_blocks(std::span<wire::GapBlock> out) const;

  /// The duplicates since clear_duplicates(), oldest first, at most kMaxDuplicates.
  [[nodiscard]] std::span<const Tsn> duplicates() const {
    return std::span(duplicates_).first(duplicate_count_);
  }
  /// Forgets the duplicates, which a SACK has reported.
  void clear_duplicates() { duplicate_count_ = 0; }
  /// Duplicates ever seen.
  [[nodiscard]] std::uint64_t total_duplicates() const { return total_duplicates_; }

 private:
  [[nodiscard]] wire::GapBlock block(std::uint64_t first, std::uint64_t last) const;
  void make_room(std::uint64_t tsn);

  std::uint64_t cumulative_;
  std::uint64_t highest_;  ///< equals cumulative_ when there is no gap
  RingBitmap received_;    ///< set exactly for the received TSNs in (cumulative_, highest_]
  std::array<Tsn, kMaxDuplicates> duplicates_{};
  std::size_t duplicate_count_ = 0;
  std::uint64_t total_duplicates_ = 0;
};

}  // namespace hawser::sctp::rx
