#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace hawser {

/// An integer with a type of its own, so that it cannot be mixed up with other integers. `Tag` only makes the
/// type unique and is never defined.
template <class Tag, class T>
class Strong {
 public:
  using value_type = T;  ///< the integer type
  constexpr Strong() = default;
  /// Wraps `value`.
  constexpr explicit Strong(T value) : value_(value) {}
  /// The plain integer.
  [[nodiscard]] constexpr T value() const { return value_; }
  friend constexpr auto operator<=>(Strong, Strong) = default;
  /// The next number; 0 follows the highest one.
  constexpr Strong& operator++() {
    value_ = static_cast<T>(value_ + 1);
    return *this;
  }
  /// The next number; returns the one before.
  constexpr Strong operator++(int) {
    const Strong before = *this;
    ++*this;
    return before;
  }

 private:
  T value_{};
};

}  // namespace hawser

template <class Tag, class T>
struct std::hash<hawser::Strong<Tag, T>> {
  std::size_t operator()(hawser::Strong<Tag, T> v) const noexcept { return std::hash<T>{}(v.value()); }
};
