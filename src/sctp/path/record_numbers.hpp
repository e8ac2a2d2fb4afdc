#pragma once

#include <cstdint>

#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::path {

/// The numbers in the records that this end sends on one path. The record layer assigns them: a path gets an
/// id with its first record under new keys.
struct RecordNumbers {
  std::uint64_t generation = 0;  ///< the keys that `id` belongs to, numbered by the record layer; 0: none yet
  RecordSequence next_sequence{};
  RecordPathId id{};
  Epoch epoch{};  ///< of the keys that sealed the newest record of the path

  /// A number for each record of the path that grows with every record, also beyond new keys.
  [[nodiscard]] static std::uint64_t key(std::uint64_t generation, RecordSequence sequence) {
    constexpr unsigned kSequenceBits = 48;
    return (generation << kSequenceBits) | sequence.value();
  }
};

}  // namespace hawser::sctp::path
