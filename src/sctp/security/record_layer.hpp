#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "crypto/record_keys.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/result.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/path/record_numbers.hpp"
#include "sctp/security/replay_window.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::security {

/// State of one path id of the peer under the keys of one epoch. The record layer owns it.
struct PeerPath {
  ReplayWindow window;
  PathId path = kNoPath;  ///< the path on which its newest record arrived; set by the association
};

/// A decrypted and authenticated record. Borrows the memory of the datagram and the state of its path id.
struct OpenedRecord {
  MutableBytes packet;            ///< common header and chunks, inside the datagram
  PeerPath* peer_path = nullptr;  ///< of its path id; never null after open()
  std::size_t datagram_size = 0;  ///< bytes of the UDP payload
  bool newest = false;            ///< no record of this path id with a higher sequence arrived before
  bool skips = false;             ///< a record of this path id before it has not arrived
  RecordOrigin origin;            ///< its epoch and path id
  RecordSequence sequence;
  Ecn ecn = Ecn::not_ect;  ///< of the IP packet; open() does not know it
};

/// Seals and opens the packets of one association, in place. Owns the keys of up to three epochs, the replay
/// windows and the path ids, and counts their use. Never negotiates keys, never decides when to renew them.
class RecordLayer {
 public:
  /// `zero_checksum`: the peer accepts sealed packets without CRC32c (RFC 9653).
  explicit RecordLayer(bool zero_checksum) : zero_checksum_(zero_checksum) {}

  /// Adds the keys of `epoch`: from now on its records can be opened. At most three epochs stay; the oldest
  /// is wiped.
  void install(Epoch epoch, crypto::RecordKeys keys);
  /// Seals with the keys of `epoch`, which are installed, from now on.
  void send_with(Epoch epoch);
  /// Wipes the keys of all epochs older than the one that seals.
  void drop_old();
  /// Whether there are keys to seal with.
  [[nodiscard]] bool can_send() const { return sending_ != nullptr; }
  /// Whether there are keys that drop_old() would wipe.
  [[nodiscard]] bool has_old() const;

  /// Key (RecordNumbers::key) of the record that seal() makes next with `numbers`. Expects can_send().
  [[nodiscard]] std::uint64_t next_record(const path::RecordNumbers& numbers) const {
    const bool first = numbers.generation != sending_->generation;
    return path::RecordNumbers::key(sending_->generation, first ? RecordSequence{} : numbers.next_sequence);
  }
  /// Seals a packet of common header, kRecordHeaderSize free bytes, chunks, and crypto::kAeadTagSize free
  /// bytes, and advances `numbers`, which belong to its path. False when no path id or sequence is left under
  /// these keys; the packet must not leave then.
  [[nodiscard]] bool seal(MutableBytes packet, path::RecordNumbers& numbers);
  /// Opens a sealed datagram in place. On failure the datagram is to be dropped; its bytes may have changed.
  [[nodiscard]] Result<OpenedRecord, DropReason> open(MutableBytes datagram);

  /// The state of a path id of the peer; null: no record of it was opened.
  [[nodiscard]] const PeerPath* peer_path(Epoch epoch, RecordPathId path_id);

  /// The epoch of the keys that seal; 0 when there are none.
  [[nodiscard]] Epoch sending_epoch() const { return sending_ == nullptr ? Epoch{} : sending_->epoch; }
  /// How far the keys that seal are used up.
  struct Usage {
    std::uint64_t packets = 0;    ///< in the direction with more packets
    std::uint64_t bytes = 0;      ///< in the direction with more bytes
    unsigned path_ids = 0;        ///< assigned by this end
    std::uint64_t forgeries = 0;  ///< records that failed authentication, under the epoch with the most
  };
  /// The use so far.
  [[nodiscard]] Usage usage() const;

 private:
  struct EpochState {
    EpochState(Epoch number, std::uint64_t key_generation, crypto::RecordKeys&& record_keys)
        : epoch(number), generation(key_generation), keys(std::move(record_keys)) {}
    Epoch epoch;
    std::uint64_t generation;
    crypto::RecordKeys keys;
    std::array<std::unique_ptr<PeerPath>, 256> peer_paths;
    unsigned next_path_id = 0;
    std::uint64_t sealed_packets = 0;
    std::uint64_t sealed_bytes = 0;
    std::uint64_t opened_packets = 0;
    std::uint64_t opened_bytes = 0;
    std::uint64_t forgeries = 0;
  };
  [[nodiscard]] EpochState* find(Epoch epoch);
  [[nodiscard]] bool number(path::RecordNumbers& numbers);

  // Newest first: the epoch under negotiation, the present one, the one before.
  std::array<std::unique_ptr<EpochState>, 3> epochs_;
  EpochState* sending_ = nullptr;
  std::uint64_t generations_ = 0;
  bool zero_checksum_;
};

}  // namespace hawser::sctp::security
