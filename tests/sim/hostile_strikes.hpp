#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "fuzz/protected_peer.hpp"
#include "sim/sim_random.hpp"

namespace hawser::sim {

/// The records of a peer with a valid key that sends anything: every chunk type, valid and invalid, many in a
/// packet, at random sizes. Owns what it has learned of the hub's data; the caller transmits.
class HostileStrikes {
 public:
  using ByteVector = std::vector<std::byte>;

  /// Both outlive it. `peer` has its keys before the first call.
  HostileStrikes(SimRandom& random, sctp::fuzz::HandMadePeer& peer)
      : random_(random), peer_(peer), ends_(random.chance(0.2)) {}

  /// The next sealed packets, in the order in which they are to leave: fresh ones around one kind of chunks
  /// or several, in disorder, and replays.
  [[nodiscard]] std::vector<ByteVector> burst(std::size_t max_packets);
  /// Opens a record of the hub and learns from it. Returns the sealed answer to a HEARTBEAT and to data;
  /// empty: there is nothing to answer. False arguments: it does not answer.
  [[nodiscard]] std::vector<ByteVector> on_record(Timestamp now, ByteVector packet, bool answers);

 private:
  [[nodiscard]] ByteVector chunks();
  void add_some(ByteVector& out);
  void add_unknown(ByteVector& out);
  void add_heartbeat(ByteVector& out);
  void add_data(ByteVector& out);
  void add_sack(ByteVector& out);
  void add_asconf(ByteVector& out);
  void add_error(ByteVector& out);
  void add_handshake(ByteVector& out);
  void add_internal(ByteVector& out);
  void add_garbage(ByteVector& out);
  void add_end(ByteVector& out);
  [[nodiscard]] ByteVector random_bytes(std::size_t max);
  [[nodiscard]] sctp::Tsn some_cumulative();
  [[nodiscard]] std::vector<sctp::wire::GapBlock> some_blocks(std::size_t max);
  template <class Chunk>
  void add(ByteVector& out, const Chunk& chunk);

  SimRandom& random_;
  sctp::fuzz::HandMadePeer& peer_;
  std::deque<ByteVector> history_;
  sctp::Tsn highest_{};  ///< newest TSN of the hub
  bool saw_data_ = false;
  std::uint32_t serial_ = 0x1000;  ///< of the next ASCONF
  std::uint16_t ssn_ = 0;
  bool ends_;  ///< it also sends what ends the association; otherwise an attack lasts
};

}  // namespace hawser::sim
