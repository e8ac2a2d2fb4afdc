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
};

}  // namespace hawser::sctp::path
