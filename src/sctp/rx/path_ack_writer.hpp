#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/path_ack.hpp"

namespace hawser::sctp::rx {

/// A record with DATA, as its packet arrived.
struct DataRecord {
  RecordOrigin origin{};
  RecordSequence sequence{};
  Ecn ecn = Ecn::not_ect;  ///< the ECN field of the outer IP packet
};

/// Counts the records with DATA of each path of the peer, and writes them into PATH ACKs. Owns the counts; at
/// most two for each path, because path ids change with the keys. Never decides when a PATH ACK leaves.
class PathAckWriter {
 public:
  /// For a peer with at most `max_paths` paths at a time.
  explicit PathAckWriter(std::size_t max_paths) : limit_(2 * max_paths) {}

  /// A packet with DATA arrived on the path `on`, in `record`.
  void on_data(Timestamp now, PathId on, const DataRecord& record);

  /// Bytes that write() would use of `room`; 0: there is nothing to report, or no entry fits.
  [[nodiscard]] std::size_t size(PathId leaves_on, std::size_t room) const;
  /// Writes a PATH ACK that leaves on path `leaves_on`, if size() is not 0: the entry of that path, which
  /// measures its round trip, and those of all paths on which DATA has arrived since the last four of them.
  /// Entries that do not fit wait for the next one.
  void write(Timestamp now, PathId leaves_on, ByteWriter& writer, std::size_t room);

 private:
  struct Count {
    wire::PathAckEntry entry;
    RecordSequence highest{};
    Timestamp received{};
    PathId path = kNoPath;
    bool any = false;      ///< `highest` is valid
    unsigned pending = 0;  ///< PATH ACKs that are still to report it
  };
  Count& count_of(const RecordOrigin& origin);
  [[nodiscard]] const Count* newest_of(PathId path) const;
  [[nodiscard]] std::size_t entries(const Count* own, std::size_t room) const;

  std::vector<Count> counts_;
  std::size_t limit_;
  std::size_t last_ = 0;   ///< index of the count that changed last
  std::size_t first_ = 0;  ///< index of the count that is the first candidate for the next PATH ACK
};

}  // namespace hawser::sctp::rx
