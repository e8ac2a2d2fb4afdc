#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ring_queue.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/rx/tsn_tracker.hpp"
#include "sctp/wire/data.hpp"

namespace hawser::sctp::rx {

/// A message, or a piece of one, ready for the user.
struct Delivered {
  StreamId stream;
  Ppid ppid;
  bool unordered = false;
  bool more = false;  ///< another piece of the same message follows (partial delivery, RFC 9260 §6.9)
  Buffer payload;
};

/// Turns DATA chunks in any order into messages, ordered per stream (RFC 9260 §6.5, §6.6, §6.9).
///
/// Owns copies of the payloads it waits with, in a ring of slots indexed by TSN, and the queue of messages
/// ready for the user. Never decides whether there is room for a chunk (Receiver) nor which TSNs have arrived
/// (TsnTracker). Every chunk costs O(1), whatever order it comes in; a message costs one more copy only when
/// it was fragmented.
class Reassembly {
 public:
  /// TSNs between the oldest held chunk and the newest. Also bounds the SSNs in flight, so that they unwrap
  /// safely.
  static constexpr std::size_t kMaxSlots = 32'768;
  /// Counted for every held chunk and queued message on top of its payload: its slot, and what small payloads
  /// leave unused of a pool block. Keeps floods of tiny messages from bypassing the window.
  static constexpr std::size_t kOverhead = 512;

  /// `divert_own`: messages between the engines, on stream 0, are not the user's; poll_diverted() gives them.
  Reassembly(std::uint16_t inbound_streams, BufferPool& pool, bool divert_own = false);

  /// Takes a chunk, fresh by `tracker`, whose stream exists and whose payload is not empty. `tsn` is
  /// unwrapped; the caller records it in `tracker` after success. Nothing is kept on failure:
  /// inconsistent_fragment (a protocol violation) or tsn_out_of_window.
  std::optional<DropReason> add(std::uint64_t tsn, const wire::DataChunk& chunk, const TsnTracker& tracker);

  /// Partial delivery (RFC 9260 §6.9): when the chunks up to `cumulative` end in the middle of a message,
  /// hands over what is there of it, piece by piece. Only one message can be at that point, so at most one is
  /// half delivered at any time. `pressed`: memory is short; otherwise only messages about to outgrow the
  /// ring are cut.
  void deliver_partially(std::uint64_t cumulative, bool pressed);

  std::optional<Delivered> poll() { return poll(ready_); }
  std::optional<Delivered> poll_diverted() { return poll(diverted_ready_); }

  [[nodiscard]] std::size_t inbound_streams() const { return streams_.size(); }
  /// Bytes, overhead included, of chunks that wait for others.
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// Bytes, overhead included, of everything not polled yet.
  [[nodiscard]] std::size_t held_bytes() const { return waiting_bytes_ + queued_bytes_; }
  [[nodiscard]] std::uint64_t messages_delivered() const { return messages_delivered_; }

 private:
  struct Stream {
    std::uint64_t next_ssn = kFirstSsn;  ///< unwrapped SSN of the message to deliver next
    std::uint32_t waiting = 0;           ///< complete messages of later SSNs
  };

  /// What all fragments of a message agree on. `ssn` is unwrapped, and 0 for unordered messages, where it has
  /// no meaning.
  struct MessageKey {
    std::uint64_t ssn = 0;
    Ppid ppid;
    StreamId stream;
    bool unordered = false;
    friend bool operator==(const MessageKey&, const MessageKey&) = default;
  };

  struct Slot {
    Buffer payload;  ///< empty: the slot is free
    MessageKey key;
    std::uint64_t other_end = 0;  ///< at both ends of a run of joined fragments: the TSN of the other end
    std::uint64_t link =
        kNone;  ///< first fragment of a complete message: next in its bucket or among the parked
    bool begin = false;
    bool end = false;
    bool waiting = false;  ///< first fragment of a complete message that is in a bucket
  };

  /// The one message of which the beginning was delivered already.
  struct Partial {
    MessageKey key;
    std::uint64_t next_tsn = 0;
  };

  struct Run {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };

  static constexpr std::uint64_t kFirstSsn = std::uint64_t{1} << 16;
  static constexpr std::uint64_t kNone = 0;  ///< no unwrapped TSN is that small
  static constexpr std::size_t kFirstSlots = 64;

  [[nodiscard]] static std::size_t cost(std::size_t payload) { return payload + kOverhead; }
  [[nodiscard]] Stream& stream(StreamId id) { return streams_[id.value()]; }
  [[nodiscard]] Slot& slot(std::uint64_t tsn) { return slots_[tsn & (slots_.size() - 1)]; }
  [[nodiscard]] Slot* find(std::uint64_t tsn);

  // In the order in which a chunk meets them.
  [[nodiscard]] MessageKey key_of(const wire::DataChunk& chunk);
  [[nodiscard]] bool consistent(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key,
                                const TsnTracker& tracker);
  [[nodiscard]] bool fits_predecessor(std::uint64_t tsn, bool begin, const MessageKey& key,
                                      const TsnTracker& tracker);
  [[nodiscard]] bool fits_successor(std::uint64_t tsn, bool end, const MessageKey& key,
                                    const TsnTracker& tracker);
  [[nodiscard]] bool has_turn(const MessageKey& key);
  [[nodiscard]] bool make_room(std::uint64_t tsn, std::uint64_t cumulative);
  bool grow();
  Run store(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key);
  std::optional<DropReason> deliver_complete(Run run);

  [[nodiscard]] std::uint64_t& bucket(StreamId id, std::uint64_t ssn);
  bool wait_for_turn(std::uint64_t first);
  std::uint64_t take_waiting(StreamId id, std::uint64_t ssn);
  void park(std::uint64_t first);
  void deliver_parked();

  void deliver(std::uint64_t first);
  void deliver_pieces(Run run, bool to_the_end);
  void finish(const MessageKey& key);
  void finish_partial();
  Buffer take(std::uint64_t tsn);
  Buffer join(Run run);
  void enqueue(const MessageKey& key, bool more, Buffer&& payload);
  std::optional<Delivered> poll(RingQueue<Delivered>& ready);

  BufferPool& pool_;
  std::vector<Stream> streams_;
  std::vector<Slot> slots_;  ///< slot of TSN t: t modulo the size, a power of two
  std::vector<std::uint64_t>
      buckets_;              ///< chains of complete messages that wait for their turn, by stream and SSN
  std::uint64_t floor_ = 0;  ///< every held TSN is in [floor_, floor_ + slots_.size())
  std::size_t held_chunks_ = 0;
  std::optional<Partial> partial_;
  std::uint64_t parked_first_ =
      kNone;  ///< unordered messages kept behind a half delivered one of their stream
  std::uint64_t parked_last_ = kNone;
  RingQueue<Delivered> ready_;
  bool divert_own_;
  RingQueue<Delivered> diverted_ready_;
  std::size_t waiting_bytes_ = 0;
  std::size_t queued_bytes_ = 0;
  std::uint64_t messages_delivered_ = 0;
};

}  // namespace hawser::sctp::rx
