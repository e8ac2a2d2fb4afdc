#pragma once

#include <cstdint>

namespace hawser::sctp::path {

/// The numbers that the records of one path carry: our path id for it, under the keys with which we sent
/// there last.
struct RecordNumbers {
  std::uint64_t generation = 0;  ///< which keys of the association the id belongs to; 0: none yet
  std::uint64_t next_sequence = 0;
  std::uint8_t id = 0;
  std::uint8_t epoch = 0;
};

/// Epoch and path id of a record of the peer.
struct RecordOrigin {
  std::uint8_t epoch = 0;
  std::uint8_t path_id = 0;
};

}  // namespace hawser::sctp::path
