#include "sim/event_queue.hpp"

#include <algorithm>

namespace hawser::sim {

bool EventQueue::step() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Entry entry = std::move(heap_.back());
  heap_.pop_back();
  now_ = entry.when;
  entry.task->run();
  return true;
}

void EventQueue::run_until(Timestamp end) {
  while (next() <= end) step();
  now_ = std::max(now_, end);
}

void EventQueue::push(Timestamp when, std::unique_ptr<Task> task) {
  heap_.push_back({std::max(when, now_), order_++, std::move(task)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

}  // namespace hawser::sim
