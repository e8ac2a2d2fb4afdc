#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/base/time.hpp"

namespace hawser::sim {

/// The simulated clock and all pending tasks.
///
///        at(30 ms, A) ──┐        ┌───────────────────────────┐
///        at(10 ms, B) ──┼──────► │ heap: (time, order), task │ ──► B, C, A: earliest first,
///        at(10 ms, C) ──┘        └───────────────────────────┘     equal times in order of at()
///                                   now() jumps from task to task; there is no waiting
///
/// Owns the time of a simulated world. Never reads a real clock: two runs of one seed are identical.
class EventQueue {
 public:
  /// Simulated time does not begin at zero, so that a test fails when code mistakes "zero" for "not set".
  static constexpr Timestamp kStart{std::chrono::seconds(1000)};

  /// The simulated time.
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  /// When the earliest task is due, or kNever.
  [[nodiscard]] Timestamp next() const { return heap_.empty() ? kNever : heap_.front().when; }

  /// Runs `task` (any callable, also move-only) at `when`. When that time has passed, the task runs after all
  /// tasks that are due now.
  template <class F>
  void at(Timestamp when, F task) {
    push(when, std::make_unique<Callable<F>>(std::move(task)));
  }
  /// at(), `delay` from now.
  template <class F>
  void after(Duration delay, F task) {
    at(now_ + delay, std::move(task));
  }

  /// Runs the earliest task; false when there is none.
  bool step();
  /// Runs all tasks that are due up to `end`; then the time is `end`.
  void run_until(Timestamp end);
  void run_for(Duration span) { run_until(now_ + span); }
  /// Runs tasks until `done()` holds, or until `end`. Returns whether `done()` held.
  template <class Predicate>
  bool run_until(Timestamp end, Predicate done) {
    while (!done()) {
      if (next() > end) {
        now_ = end;
        return false;
      }
      step();
    }
    return true;
  }

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct Callable final : Task {
    explicit Callable(F f) : function(std::move(f)) {}
    void run() override { function(); }
    F function;
  };
  struct Entry {
    Timestamp when;
    std::uint64_t order;
    std::unique_ptr<Task> task;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }
  void push(Timestamp when, std::unique_ptr<Task> task);

  Timestamp now_ = kStart;
  std::uint64_t order_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace hawser::sim
