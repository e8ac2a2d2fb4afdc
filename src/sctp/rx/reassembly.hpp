#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ring_queue.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/rx/stream_order.hpp"
#include "sctp/rx/tsn_tracker.hpp"
#include "sctp/wire/data.hpp"

namespace hawser::sctp::rx {

/// A message, or a piece of one, ready for the application. Owns its payload.
struct Delivered {
  StreamId stream;
  Ppid ppid;
  bool unordered = false;
  bool more = false;       ///< another piece of the same message follows (partial delivery, RFC 9260 §6.9)
  bool late = false;       ///< a message of a higher SSN was delivered before it (OrderHold)
  bool abandoned = false;  ///< no piece: the sender has abandoned the rest of the message
  Buffer payload;
};

/// Turns DATA chunks in any order into messages, ordered per stream (RFC 9260 §6.5, §6.6, §6.9).
///
/// Owns copies of the payloads that wait, in a ring of slots indexed by TSN, and the queue of messages ready
/// for the application. Never decides whether there is room for a chunk (Receiver), which TSNs have arrived
/// (TsnTracker) or how long messages wait (StreamOrder). Every chunk costs O(1) in any order of arrival; a
/// fragmented message costs one more copy. TSNs and SSNs are unwrapped inside.
class Reassembly {
 public:
  /// Most TSNs from the oldest held chunk to the newest; at least as many as may be in flight.
  static constexpr std::size_t kMaxSlots = 65'536;
  /// Bytes counted for every held chunk and queued message in addition to its payload: its slot, and the
  /// unused rest of a pool block. Without it, a flood of tiny messages would bypass the window.
  static constexpr std::size_t kOverhead = 512;

  /// `pool` outlives this. `divert_own`: internal messages between the engines, on stream 0, are not for the
  /// application; poll_diverted() returns them. `max_hold`: the longest time that messages wait behind a hole
  /// in the order of their stream; zero: as long as it takes. It does not hold for a diverted stream 0.
  Reassembly(std::uint16_t inbound_streams, BufferPool& pool, bool divert_own = false,
             Duration max_hold = {});

  /// Takes a chunk that is fresh by `tracker`, whose stream exists and whose payload is not empty. `tsn` is
  /// unwrapped; the caller records it in `tracker` after success. Fails with inconsistent_fragment (a
  /// protocol violation) or tsn_out_of_window, and then keeps nothing.
  std::optional<DropReason> add(Timestamp now, std::uint64_t tsn, const wire::DataChunk& chunk,
                                const TsnTracker& tracker);

  /// Partial delivery (RFC 9260 §6.9): when the chunks up to `cumulative` end in the middle of a message,
  /// delivers the pieces received so far. At most one message is partially delivered at any time, because
  /// only one can end there. `pressed`: memory is short; otherwise only a message that is about to outgrow
  /// the ring is delivered in pieces.
  void deliver_partially(std::uint64_t cumulative, bool pressed);

  /// When to call on_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const { return order_.next_timeout(); }
  /// Delivers messages whose time has come (StreamOrder::on_timeout). A message of a hole that was skipped is
  /// delivered when it arrives.
  void on_timeout(Timestamp now);
  /// Delivers the messages that only wait so that they do not leave in one burst.
  void release_all();
  /// Whether messages wait for their turn, for a limited time.
  [[nodiscard]] bool holds_messages() const { return order_.holds_messages(); }
  /// The sender has abandoned the TSNs up to `cumulative` that are missing (FORWARD TSN, RFC 3758 §3.6):
  /// incomplete messages that lack one of them are dropped, a partially delivered one ends. Before
  /// TsnTracker::advance_to(). Costs O(the TSNs by which the cumulative one of `tracker` advances).
  void abandon(Timestamp now, std::uint64_t cumulative, const TsnTracker& tracker);
  /// The sender has abandoned messages of an existing stream, up to `ssn`: those of them that wait are
  /// delivered, and those up to the next hole.
  void skip_to(Timestamp now, StreamId stream, Ssn ssn);

  /// How long messages wait.
  [[nodiscard]] OrderHold& hold() { return order_.hold(); }
  /// How long messages wait.
  [[nodiscard]] const OrderHold& hold() const { return order_.hold(); }

  /// The next message or piece for the application.
  std::optional<Delivered> poll() { return poll(ready_); }
  /// The next internal message.
  std::optional<Delivered> poll_diverted() { return poll(diverted_ready_); }

  /// Gives back the memory of slots and queues, which grow again on demand, if nothing is held.
  void trim();

  /// Number of streams.
  [[nodiscard]] std::size_t inbound_streams() const { return inbound_streams_; }
  /// Bytes, with overhead, of chunks that wait for others.
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// Bytes, with overhead, of everything that was not polled yet.
  [[nodiscard]] std::size_t held_bytes() const { return waiting_bytes_ + queued_bytes_; }
  /// Messages completed so far.
  [[nodiscard]] std::uint64_t messages_delivered() const { return messages_delivered_; }

 private:
  /// The fields that are equal in all fragments of a message. `ssn` is unwrapped, and 0 in unordered
  /// messages, which have none.
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
    std::uint64_t link = kNone;   ///< in the first fragment of a parked message: the next one
    bool begin = false;
    bool end = false;
  };

  /// The message whose beginning was delivered.
  struct Partial {
    MessageKey key;
    std::uint64_t next_tsn = 0;
  };

  /// Consecutive fragments of one message, both ends included.
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };

  static constexpr std::uint64_t kNone = 0;  ///< no unwrapped TSN is that small
  static constexpr std::size_t kFirstSlots = 64;

  [[nodiscard]] Slot& slot(std::uint64_t tsn) { return slots_[tsn & (slots_.size() - 1)]; }
  [[nodiscard]] Slot* find(std::uint64_t tsn);

  // In the order in which a chunk passes them.
  [[nodiscard]] MessageKey key_of(const wire::DataChunk& chunk);
  [[nodiscard]] bool consistent(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key,
                                const TsnTracker& tracker);
  [[nodiscard]] bool fits_predecessor(std::uint64_t tsn, bool begin, const MessageKey& key,
                                      const TsnTracker& tracker);
  [[nodiscard]] bool fits_successor(std::uint64_t tsn, bool end, const MessageKey& key,
                                    const TsnTracker& tracker);
  [[nodiscard]] bool is_late(const MessageKey& key) {
    return !key.unordered && key.ssn < order_.next(key.stream);
  }
  [[nodiscard]] bool is_split(StreamId stream, bool unordered) const {
    return partial_ && partial_->key.stream == stream && partial_->key.unordered == unordered;
  }
  [[nodiscard]] bool has_turn(const MessageKey& key);
  [[nodiscard]] bool make_room(std::uint64_t tsn, std::uint64_t cumulative);
  bool grow();
  Run store(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key);
  std::optional<DropReason> deliver_complete(Timestamp now, Run run);

  [[nodiscard]] bool bounds_wait(StreamId stream) const {
    return hold().bounded() && !(divert_own_ && stream == StreamId{0});
  }
  // Delivers a message that waited for its turn.
  [[nodiscard]] auto in_turn() {
    return [this](std::uint64_t first) {
      deliver(first);
      ++messages_delivered_;
    };
  }
  void abandon_held(std::uint64_t from, std::uint64_t cumulative);
  void abandon_partial(Timestamp now);
  std::uint64_t drop_run(Run run);
  void drop_continuation();
  void deliver_parked(Timestamp now);

  void deliver(std::uint64_t first);
  void deliver_pieces(Run run, bool to_the_end);
  void finish(Timestamp now, const MessageKey& key);
  void advance(Timestamp now, StreamId stream);
  Buffer take(std::uint64_t tsn);
  Buffer join(Run run);
  void enqueue(const MessageKey& key, bool more, Buffer&& payload);
  std::optional<Delivered> poll(RingQueue<Delivered>& ready);

  BufferPool& pool_;
  std::uint16_t inbound_streams_;
  std::vector<Slot> slots_;  ///< slot of TSN t: t modulo the size, a power of two
  StreamOrder order_;
  std::uint64_t floor_ = 0;  ///< every held TSN is in [floor_, floor_ + slots_.size())
  std::size_t held_chunks_ = 0;
  std::optional<Partial> partial_;
  /// The TSN at which an abandoned message may continue: a fragment there is dropped, unless a message
  /// begins.
  std::uint64_t abandoned_next_ = kNone;
  bool skipped_any_ = false;  ///< skip_to() was called
  /// Messages that are due, but wait for the partially delivered one of their stream, as a list.
  std::uint64_t parked_first_ = kNone;
  std::uint64_t parked_last_ = kNone;
  RingQueue<Delivered> ready_;
  bool divert_own_;
  RingQueue<Delivered> diverted_ready_;
  std::size_t waiting_bytes_ = 0;
  std::size_t queued_bytes_ = 0;
  std::uint64_t messages_delivered_ = 0;
};

}  // namespace hawser::sctp::rx
