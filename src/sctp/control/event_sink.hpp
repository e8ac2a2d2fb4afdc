#pragma once

#include <cstdint>
#include <string_view>

#include "base/ring_queue.hpp"
#include "hawser/sctp/event.hpp"

namespace hawser::sctp::control {

/// Queues the events of one association for the application. Owns nothing, decides nothing.
class EventSink {
 public:
  EventSink(RingQueue<Event>& queue, AssociationId id) : queue_(queue), id_(id) {}

  /// `reason` is static text.
  void emit(Event::Kind kind, PathId path = kNoPath, std::uint16_t cause = 0,
            std::string_view reason = {}) const {
    queue_.push_back(Event{kind, id_, path, cause, reason, {}});
  }
  /// Event path_moved: the peer's address on `path` was `previous`.
  void emit_path_moved(PathId path, const UdpAddress& previous) const {
    queue_.push_back(Event{Event::Kind::path_moved, id_, path, 0, "the peer's address changed", previous});
  }

 private:
  RingQueue<Event>& queue_;
  AssociationId id_;
};

}  // namespace hawser::sctp::control
