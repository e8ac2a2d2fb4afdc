#pragma once

#include <cstdint>
#include <string_view>

#include "base/ring_queue.hpp"
#include "hawser/sctp/event.hpp"

namespace hawser::sctp::control {

/// Queues the events of one association for the user. Owns nothing; never filters or reorders events.
class EventSink {
 public:
  /// `queue` outlives the sink.
  EventSink(RingQueue<Event>& queue, AssociationId id) : queue_(queue), id_(id) {}

  /// Queues an event. `reason` is static text.
  void emit(Event::Kind kind, PathId path = kNoPath, std::uint16_t cause = 0,
            std::string_view reason = {}) const {
    queue_.push_back(Event{kind, id_, path, cause, reason, {}});
  }
  /// Queues the event path_moved; `previous` is the peer's old address on `path`.
  void emit_path_moved(PathId path, const UdpAddress& previous) const {
    queue_.push_back(Event{Event::Kind::path_moved, id_, path, 0, "the peer's address changed", previous});
  }

 private:
  RingQueue<Event>& queue_;
  AssociationId id_;
};

}  // namespace hawser::sctp::control
