#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/base/time.hpp"

namespace hawser::sim {

/// The fake clock and everything that is going to happen.
///
///        at(30 ms, A) ──┐        ┌───────────────────────────┐
///        at(10 ms, B) ──┼──────► │ heap: (time, order), task │ ──► B, C, A: earliest first,
///        at(10 ms, C) ──┘        └───────────────────────────┘     equal times in order of at()
///                                   now() jumps from task to task, nobody waits
///
/// Owns the time of a simulated world. Never reads a real clock; two runs of one seed are the same run.
class EventQueue {
 public:
  /// Simulated time does not begin at zero, so that nothing mistakes "zero" for "not set" unnoticed.
  static constexpr Timestamp kStart{std::chrono::seconds(1000)};

  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  /// When the earliest task is due, or kNever.
  [[nodiscard]] Timestamp next() const { return heap_.empty() ? kNever : heap_.front().when; }

  /// Runs `task` (any callable, move-only ones too) at `when`, or right after what is due now when that has
  /// passed.
  template <class F>
  void at(Timestamp when, F task) {
    push(when, std::make_unique<Callable<F>>(std::move(task)));
  }
  template <class F>
  void after(Duration delay, F task) {
    at(now_ + delay, std::move(task));
  }

  /// Runs the earliest task; false when there is none.
  bool step();
  /// Runs all that is due until `end`, then stands at `end`.
  void run_until(Timestamp end);
  void run_for(Duration span) { run_until(now_ + span); }
  /// Runs until `done()` holds after a task, or until `end`. The answer is whether it held.
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
