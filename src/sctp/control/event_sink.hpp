#pragma once

#include <cstdint>
#include <string_view>

#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/event.hpp"
#include "sctp/control/event_queue.hpp"

namespace hawser::sctp::control {

/// Queues the events of one association for the user, in order. Bounds those of paths, which the peer can
/// cause in any number: a user that does not poll loses the newest ones. Owns nothing.
class EventSink {
 public:
  /// Events of paths that wait at most.
  static constexpr std::uint32_t kMaxPathEvents = 256;

  /// `queue` and `drops` outlive the sink.
  EventSink(EventQueue& queue, DropCounters& drops, AssociationId id)
      : queue_(queue), drops_(drops), id_(id) {}

  /// Queues an event. `reason` is static text.
  void emit(Event::Kind kind, PathId path = kNoPath, std::uint16_t cause = 0,
            std::string_view reason = {}) const {
    push(Event{kind, id_, path, cause, reason, {}});
  }
  /// Queues the event path_moved; `previous` is the peer's old address on `path`.
  void emit_path_moved(PathId path, const UdpAddress& previous) const {
    push(Event{Event::Kind::path_moved, id_, path, 0, "the peer's address changed", previous});
  }

 private:
  void push(Event&& event) const {
    if (event.path != kNoPath && !has_room()) return drops_.add(DropReason::event_overflow);
    queue_.push_back(std::move(event));
  }
  // Counts the events since the user has polled the last one.
  [[nodiscard]] bool has_room() const {
    if (counted_since_ != queue_.times_emptied()) {
      counted_since_ = queue_.times_emptied();
      path_events_ = 0;
    }
    if (path_events_ == kMaxPathEvents) return false;
    ++path_events_;
    return true;
  }

  EventQueue& queue_;
  DropCounters& drops_;
  AssociationId id_;
  mutable std::uint64_t counted_since_ = 0;
  mutable std::uint32_t path_events_ = 0;
};

}  // namespace hawser::sctp::control
