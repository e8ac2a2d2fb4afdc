#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/ring_queue.hpp"
#include "hawser/sctp/event.hpp"

namespace hawser::sctp::control {

/// The events of all associations, in order, until the user polls them. Owns them; the sinks bound their
/// number.
class EventQueue {
 public:
  /// Whether no event waits.
  [[nodiscard]] bool empty() const { return events_.empty(); }
  /// Number of events that wait.
  [[nodiscard]] std::size_t size() const { return events_.size(); }
  /// The oldest event; the queue must not be empty.
  [[nodiscard]] const Event& front() const { return events_.front(); }
  /// The event at position `i` from the oldest on; `i` is below size().
  [[nodiscard]] Event& operator[](std::size_t i) { return events_[i]; }
  /// Appends an event.
  void push_back(Event&& event) { events_.push_back(std::move(event)); }
  /// Removes and returns the oldest event; the queue must not be empty.
  Event pop_front() {
    Event event = events_.pop_front();
    if (events_.empty()) ++times_emptied_;
    return event;
  }
  /// How often the user has polled the last event.
  [[nodiscard]] std::uint64_t times_emptied() const { return times_emptied_; }

 private:
  RingQueue<Event> events_;
  std::uint64_t times_emptied_ = 0;
};

}  // namespace hawser::sctp::control
