#pragma once

#include <array>
#include <functional>

namespace hawser {

/// The best of the values of a moving window, in constant time and memory: Kathleen Nichols' algorithm, which
/// keeps the best value and the best ones after it. `Better(a, b)`: whether `a` is better than `b` or as
/// good. `Time` is any number that does not decrease, `Span` a difference of two.
template <class Value, class Time, class Span, class Better>
class WindowedFilter {
 public:
  /// Values count for `window`.
  explicit WindowedFilter(Span window) : window_(window) {}

  /// Adds a value of the time `at`.
  void add(Value value, Time at) {
    const Sample sample{value, at};
    if (empty_ || better_(value, best_[0].value) || at - best_[2].at > window_) return reset(sample);
    if (better_(value, best_[1].value)) {
      best_[1] = best_[2] = sample;
    } else if (better_(value, best_[2].value)) {
      best_[2] = sample;
    }
    expire(sample);
  }
  /// From now on values count for `window`.
  void set_window(Span window) { window_ = window; }
  /// Whether there is no value.
  [[nodiscard]] bool empty() const { return empty_; }
  /// The best value of the window that ended with the newest value. Not when empty().
  [[nodiscard]] Value best() const { return best_[0].value; }

 private:
  struct Sample {
    Value value{};
    Time at{};
  };

  void reset(const Sample& sample) {
    best_ = {sample, sample, sample};
    empty_ = false;
  }

  // The best value leaves the window, or the others are from the same part of it: a newer one takes over.
  void expire(const Sample& sample) {
    const Span age = sample.at - best_[0].at;
    if (age > window_) {
      best_ = {best_[1], best_[2], sample};
      if (sample.at - best_[0].at > window_) best_ = {best_[1], best_[2], sample};
    } else if (best_[1].at == best_[0].at && age > window_ / 4) {
      best_[1] = best_[2] = sample;
    } else if (best_[2].at == best_[1].at && age > window_ / 2) {
      best_[2] = sample;
    }
  }

  Span window_;
  Better better_{};
  std::array<Sample, 3> best_{};
  bool empty_ = true;
};

/// The smallest value of a moving window.
template <class Value, class Time, class Span>
using WindowedMin = WindowedFilter<Value, Time, Span, std::less_equal<Value>>;
/// The largest value of a moving window.
template <class Value, class Time, class Span>
using WindowedMax = WindowedFilter<Value, Time, Span, std::greater_equal<Value>>;

}  // namespace hawser
