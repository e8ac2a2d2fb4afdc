#pragma once

#include <functional>
#include <utility>

#include "sim/event_queue.hpp"

namespace hawser::sim::inner {

/// One timer that may be set again and again. A task of the queue stays where it is when the timer moves to a
/// later time. Outlives the tasks of the queue, as everything that uses a simulated clock does.
class Timer {
 public:
  Timer(EventQueue& events, std::function<void()> expired) : events_(events), expired_(std::move(expired)) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Timestamp when) {
    due_ = when;
    if (when < queued_) queue(when);
  }
  void cancel() { due_ = kNever; }
  [[nodiscard]] bool running() const { return due_ != kNever; }
  [[nodiscard]] Timestamp due() const { return due_; }

 private:
  void queue(Timestamp when) {
    queued_ = when;
    events_.at(when, [this, when] { on_task(when); });
  }
  void on_task(Timestamp when) {
    if (when != queued_) return;  // another task came first
    queued_ = kNever;
    if (due_ == kNever) return;
    if (due_ > events_.now()) return queue(due_);
    due_ = kNever;
    expired_();
  }

  EventQueue& events_;
  std::function<void()> expired_;
  Timestamp due_ = kNever;
  Timestamp queued_ = kNever;
};

}  // namespace hawser::sim::inner
