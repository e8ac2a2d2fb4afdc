#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace hawser {

/// A first-in first-out queue in a ring. Owns its elements. The ring doubles when full and never shrinks, so
/// that the steady state allocates nothing.
template <class T>
class RingQueue {
 public:
  /// Whether there is no element.
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Number of elements.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The oldest element; the queue must not be empty.
  [[nodiscard]] T& front() { return slots_[head_]; }
  /// The oldest element; the queue must not be empty.
  [[nodiscard]] const T& front() const { return slots_[head_]; }
  /// The element at position `i` from the oldest on; `i` is below size().
  [[nodiscard]] T& operator[](std::size_t i) { return slots_[(head_ + i) & (slots_.size() - 1)]; }

  /// Adds an element at the end.
  void push_back(T&& value) {
    if (size_ == slots_.size()) grow();
    slots_[(head_ + size_) & (slots_.size() - 1)] = std::move(value);
    ++size_;
  }
  /// Removes and returns the oldest element; the queue must not be empty. Its slot releases what the element
  /// owned.
  T pop_front() {
    T value = std::move(slots_[head_]);
    slots_[head_] = T{};
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  /// Removes the oldest element, as pop_front() does, without returning it.
  void drop_front() {
    slots_[head_] = T{};
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
  }
  /// Removes all elements; the ring keeps its size.
  void clear() {
    while (!empty()) drop_front();
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 16 : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace hawser
