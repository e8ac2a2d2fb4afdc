#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "base/ring_queue.hpp"
#include "hawser/sctp/message_source.hpp"

namespace hawser::sctp::test {

/// A source with a first-in first-out queue for each class. Owns the messages that wait.
class QueueSource final : public MessageSource {
 public:
  void push(TrafficClass traffic_class, Buffer message, const SendOptions& options = {}) {
    queue_of(traffic_class).push_back({std::move(message), options});
  }
  /// The messages that wait now count as stale: next() drops them.
  void make_stale() { stale_ = true; }

  [[nodiscard]] bool waiting(TrafficClass traffic_class) const override { return left(traffic_class) != 0; }
  [[nodiscard]] std::size_t waiting_bytes() const override {
    return (queues_[0].size() + queues_[1].size()) * std::size_t{1000};
  }
  [[nodiscard]] bool next(Timestamp /*now*/, TrafficClass traffic_class, OutgoingMessage& out) override {
    RingQueue<OutgoingMessage>& queue = queue_of(traffic_class);
    if (stale_) queue.clear();
    if (queue.empty()) return false;
    out = queue.pop_front();
    return true;
  }
  /// Messages of a class that wait.
  [[nodiscard]] std::size_t left(TrafficClass traffic_class = TrafficClass::bulk) const {
    return queues_[static_cast<std::size_t>(traffic_class)].size();
  }

 private:
  RingQueue<OutgoingMessage>& queue_of(TrafficClass traffic_class) {
    return queues_[static_cast<std::size_t>(traffic_class)];
  }

  std::array<RingQueue<OutgoingMessage>, kTrafficClasses> queues_;
  bool stale_ = false;
};

}  // namespace hawser::sctp::test
