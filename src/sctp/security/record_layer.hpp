#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "crypto/record_keys.hpp"
#include "hawser/base/result.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/path/record_numbers.hpp"
#include "sctp/security/replay_window.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::security {

/// What is known of one path id of the peer under one epoch's keys.
struct PeerPath {
  ReplayWindow window;
  PathId path = kNoPath;  ///< where its newest record was last received
};

/// A record that was opened.
struct OpenedRecord {
  MutableBytes packet;  ///< common header and chunks, inside the memory of the datagram
  PeerPath* peer_path = nullptr;
  std::size_t datagram_size = 0;
  bool newest = false;  ///< no record of this path id was sent later
  Epoch epoch;
  RecordPathId path_id;
};

/// Seals and opens the packets of one association, in place. Owns the keys of up to three epochs, the replay
/// windows and the path ids. Never negotiates keys, never decides when to renew them; it counts.
class RecordLayer {
 public:
  /// `zero_checksum`: the peer takes packets without CRC32c (RFC 9653).
  explicit RecordLayer(bool zero_checksum) : zero_checksum_(zero_checksum) {}

  /// From now on records of `epoch` can be opened. Of the epochs before, the newest one stays.
  void install(Epoch epoch, crypto::RecordKeys keys);
  /// From now on we seal with the keys of `epoch`, which are installed.
  void send_with(Epoch epoch);
  /// Wipes all keys but those of the epoch that we seal with (and of a newer one).
  void drop_old();
  [[nodiscard]] bool can_send() const { return sending_ != nullptr; }
  [[nodiscard]] bool has_old() const;

  /// Seals a packet that has its common header, kRecordHeaderSize free bytes, its chunks, and
  /// crypto::kAeadTagSize free bytes. False when the path can have no number any more under these keys.
  [[nodiscard]] bool seal(MutableBytes packet, path::RecordNumbers& numbers);
  /// Opens a sealed datagram in place.
  [[nodiscard]] Result<OpenedRecord, DropReason> open(MutableBytes datagram);

  /// What is known of a path id of the peer; null: no record of it was opened.
  [[nodiscard]] const PeerPath* peer_path(Epoch epoch, RecordPathId path_id);

  /// Of the keys that we seal with.
  [[nodiscard]] Epoch sending_epoch() const { return sending_ == nullptr ? Epoch{} : sending_->epoch; }
  struct Usage {
    std::uint64_t packets = 0;  ///< of the direction that was used more
    std::uint64_t bytes = 0;
    unsigned path_ids = 0;
    std::uint64_t forgeries = 0;
  };
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

  // Newest first: the one being agreed on, the present one, the one before.
  std::array<std::unique_ptr<EpochState>, 3> epochs_;
  EpochState* sending_ = nullptr;
  std::uint64_t generations_ = 0;
  bool zero_checksum_;
};

}  // namespace hawser::sctp::security
