#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/ring_queue.hpp"
#include "hawser/sctp/message_source.hpp"

namespace hawser::sctp::tx {

/// The messages of one association that have no TSN yet, or only a part of them has: those of the engine and
/// of the application, and at most one of each class that was taken from the user's source. Decides which
/// message is next, and takes it from the source when it is its turn. Owns the messages, but not the source;
/// knows no chunk and no path.
///
/// A message of which a part was sent is finished before any other begins, because the fragments of a message
/// have consecutive TSNs (RFC 9260 §6.9).
class SendQueue {
 public:
  /// Where the next message comes from, in the order of sending.
  enum class Lane : std::uint8_t {
    none,      ///< no message waits
    urgent,    ///< the engine; before retransmissions
    realtime,  ///< the source; before retransmissions
    queued,    ///< the application
    bulk,      ///< the source
  };
  /// A message and how much of it was sent.
  struct Pending : OutgoingMessage {
    std::size_t offset = 0;      ///< bytes that have a TSN
    Timestamp expires = kNever;  ///< end of its lifetime
    std::uint64_t ssn = 0;       ///< unwrapped, if it is ordered and a part was sent
    bool doomed = false;         ///< a fragment of it is abandoned
    /// Bytes that have none.
    [[nodiscard]] std::size_t left() const { return message.size() - offset; }
    /// Whether no part of it was sent, and none must be.
    [[nodiscard]] bool stale(Timestamp now) const { return offset == 0 && expires <= now; }
  };

  /// Queues a message of the application.
  void push(Buffer&& message, const SendOptions& options, Timestamp expires = kNever) {
    push_to(queued_, std::move(message), options, expires);
  }
  /// Queues a message of the engine, which leaves before every message of which no part was sent.
  void push_urgent(Buffer&& message, const SendOptions& options) {
    push_to(urgent_, std::move(message), options, kNever);
  }
  /// Sets the source; null: there is none.
  void set_source(MessageSource* source) { source_ = source; }
  /// The source, or null.
  [[nodiscard]] MessageSource* source() const { return source_; }
  /// Whether messages may be taken from the source: the association is up and not shutting down.
  void admit_source(bool admitted) { admitted_ = admitted; }

  /// Bytes of the messages here that have no TSN.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Whether a message waits here or in the source.
  [[nodiscard]] bool waits() const {
    return bytes_ != 0 || source_has(TrafficClass::bulk) || source_has(TrafficClass::realtime);
  }

  /// Bytes that wait to be sent for the first time, with those in the source.
  [[nodiscard]] std::size_t waiting_bytes() const {
    return bytes_ + (source_ == nullptr ? 0 : source_->waiting_bytes());
  }

  /// The lane whose message leaves before retransmissions: an urgent or real-time one, or one that has to be
  /// finished before it. `room`: a real-time message may be taken from the source.
  [[nodiscard]] Lane overtaking(bool room) const {
    const Lane lane = !urgent_.empty()                    ? Lane::urgent
                      : has(TrafficClass::realtime, room) ? Lane::realtime
                                                          : Lane::none;
    return lane == Lane::none || begun_ == Lane::none ? lane : begun_;
  }
  /// The lane whose message leaves behind retransmissions. `room`: a message may be taken from the source.
  [[nodiscard]] Lane following(bool room) const {
    if (begun_ != Lane::none) return begun_;
    if (!queued_.empty()) return Lane::queued;
    return has(TrafficClass::bulk, room) ? Lane::bulk : Lane::none;
  }
  /// Whether the next message that is not urgent is in the source, which has none for a slow path.
  [[nodiscard]] bool none_behind() const {
    return following(true) == Lane::bulk && !is_staged(TrafficClass::bulk) && !source_->waiting_behind();
  }
  /// Whether the first message of `lane` is here and not in the source; `lane` is not none.
  [[nodiscard]] bool is_here(Lane lane) const {
    return (lane != Lane::realtime && lane != Lane::bulk) || is_staged(class_of(lane));
  }
  /// Takes the next message of `lane` from the source; it is not here yet. `behind`: see
  /// MessageSource::next_behind(), of the bulk lane only; 0: the next one. False: there is none.
  [[nodiscard]] bool take(Timestamp now, Lane lane, std::size_t behind = 0);
  /// The first message of `lane`, which is here.
  [[nodiscard]] Pending& front(Lane lane);
  /// Notes that `size` bytes more of the first message of `lane` have a TSN. `end`: they are its last ones,
  /// and it is removed; its buffer may have been moved from.
  void consume(Lane lane, std::size_t size, bool end);
  /// Removes the first message of `lane`, of which nothing was sent.
  void discard(Lane lane);
  /// The first message of `lane` that may expire before any part of it is sent; null: there is none.
  [[nodiscard]] const Pending* unsent(Lane lane) {
    const bool any = lane == Lane::queued ? !queued_.empty() : is_staged(class_of(lane));
    return any && front(lane).offset == 0 ? &front(lane) : nullptr;
  }
  /// A fragment of the message of which a part was sent is abandoned: the rest of it must not be sent either.
  void doom_rest() { front(begun_).doomed = true; }

 private:
  static TrafficClass class_of(Lane lane) {
    return lane == Lane::realtime ? TrafficClass::realtime : TrafficClass::bulk;
  }
  void push_to(RingQueue<Pending>& queue, Buffer&& message, const SendOptions& options, Timestamp expires) {
    bytes_ += message.size();
    queue.push_back({{std::move(message), options}, 0, expires, 0, false});
  }
  void remove(Lane lane);
  [[nodiscard]] bool source_has(TrafficClass traffic_class) const {
    return source_ != nullptr && admitted_ && source_->waiting(traffic_class);
  }
  [[nodiscard]] bool is_staged(TrafficClass traffic_class) const {
    return !staged_[static_cast<std::size_t>(traffic_class)].message.empty();
  }
  [[nodiscard]] bool has(TrafficClass traffic_class, bool room) const {
    return is_staged(traffic_class) || (room && source_has(traffic_class));
  }

  RingQueue<Pending> urgent_;
  RingQueue<Pending> queued_;
  std::array<Pending, kTrafficClasses> staged_;  ///< taken from the source, by class; an empty message: none
  Lane begun_ = Lane::none;                      ///< its first message was sent in part
  MessageSource* source_ = nullptr;
  bool admitted_ = false;
  std::size_t bytes_ = 0;
};

inline bool SendQueue::take(Timestamp now, Lane lane, std::size_t behind) {
  Pending& staged = staged_[static_cast<std::size_t>(class_of(lane))];
  staged.ahead = 0;
  staged.offset = 0;
  staged.expires = kNever;
  staged.doomed = false;
  const bool taken =
      behind != 0 ? source_->next_behind(now, behind, staged) : source_->next(now, class_of(lane), staged);
  if (!taken) return false;
  bytes_ += staged.message.size();
  return true;
}

inline SendQueue::Pending& SendQueue::front(Lane lane) {
  switch (lane) {
    case Lane::urgent: return urgent_.front();
    case Lane::queued: return queued_.front();
    default: return staged_[static_cast<std::size_t>(class_of(lane))];
  }
}

inline void SendQueue::consume(Lane lane, std::size_t size, bool end) {
  Pending& pending = front(lane);
  bytes_ -= size;
  pending.offset += size;
  begun_ = end ? Lane::none : lane;
  if (end) remove(lane);
}

inline void SendQueue::discard(Lane lane) {
  bytes_ -= front(lane).message.size();
  remove(lane);
}

inline void SendQueue::remove(Lane lane) {
  switch (lane) {
    case Lane::urgent: return urgent_.drop_front();
    case Lane::queued: return queued_.drop_front();
    default: return front(lane).message.reset();
  }
}

}  // namespace hawser::sctp::tx
