#pragma once

#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>

#include "hawser/base/bytes.hpp"
#include "hawser/base/strong.hpp"

namespace hawser::sctp::wire {

/// The wire format of a list element. Structs define kWireSize, load and store; integers are big-endian.
template <class T>
struct WireFormat {
  static constexpr std::size_t kSize = T::kWireSize;
  /// Reads kSize bytes at `at`.
  static T load(const std::byte* at) { return T::load(at); }
  /// Writes kSize bytes at `at`.
  static void store(std::byte* at, const T& value) { value.store(at); }
};
/// The wire format of an integer: big-endian, without padding.
template <std::unsigned_integral T>
struct WireFormat<T> {
  static constexpr std::size_t kSize = sizeof(T);
  /// Reads kSize bytes at `at`.
  static T load(const std::byte* at) {
    if constexpr (sizeof(T) == 1) return static_cast<T>(*at);
    return load_be<T>(at);
  }
  /// Writes kSize bytes at `at`.
  static void store(std::byte* at, T value) { store_be(at, value); }
};
template <class Tag, std::unsigned_integral T>
struct WireFormat<Strong<Tag, T>> {
  static constexpr std::size_t kSize = sizeof(T);
  static Strong<Tag, T> load(const std::byte* at) { return Strong<Tag, T>{WireFormat<T>::load(at)}; }
  static void store(std::byte* at, Strong<Tag, T> value) { store_be(at, value.value()); }
};

/// A list of fixed-size elements read in place from a chunk. Borrows the packet's bytes, never allocates;
/// bytes beyond the last whole element are ignored.
template <class T>
class WireList {
 public:
  /// Reads the elements one after another; borrows the list's bytes.
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = void;
    using reference = T;
    Iterator() = default;
    explicit Iterator(const std::byte* at) : at_(at) {}
    T operator*() const { return WireFormat<T>::load(at_); }
    Iterator& operator++() {
      at_ += WireFormat<T>::kSize;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const std::byte* at_ = nullptr;
  };

  /// An empty list.
  WireList() = default;
  /// `bytes` must outlive the list.
  explicit WireList(Bytes bytes) : bytes_(bytes.first(bytes.size() - bytes.size() % WireFormat<T>::kSize)) {}

  /// Number of elements.
  [[nodiscard]] std::size_t size() const { return bytes_.size() / WireFormat<T>::kSize; }
  /// Whether there is no element.
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// `index` must be below size().
  [[nodiscard]] T operator[](std::size_t index) const {
    assert(index < size());
    return WireFormat<T>::load(bytes_.data() + index * WireFormat<T>::kSize);
  }
  /// The elements, by value.
  [[nodiscard]] Iterator begin() const { return Iterator(bytes_.data()); }
  /// The end of the elements.
  [[nodiscard]] Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }
  /// The elements as they are on the wire.
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  /// Whether an element equals `wanted`.
  [[nodiscard]] bool contains(const T& wanted) const {
    for (const T& element : *this) {
      if (element == wanted) return true;
    }
    return false;
  }

 private:
  Bytes bytes_;
};

/// Appends `elements` in their wire format, without a count.
template <class T>
void write_list(ByteWriter& writer, std::span<const T> elements) {
  std::array<std::byte, WireFormat<T>::kSize> raw;
  for (const T& element : elements) {
    WireFormat<T>::store(raw.data(), element);
    writer.bytes(raw);
  }
}

/// Up to N elements in place. Further ones are counted and not kept; never allocates.
template <class T, std::size_t N>
class BoundedList {
 public:
  /// Keeps `element`, or counts it as dropped when the list is full.
  void push_back(const T& element) {
    if (size_ < N) {
      elements_[size_++] = element;
    } else {
      ++dropped_;
    }
  }
  /// Number of elements kept.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Whether no element is kept.
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Number of elements that did not fit.
  [[nodiscard]] std::size_t dropped() const { return dropped_; }
  /// `index` must be below size().
  [[nodiscard]] const T& operator[](std::size_t index) const {
    assert(index < size_);
    return elements_[index];
  }
  /// The kept elements.
  [[nodiscard]] const T* begin() const { return elements_.data(); }
  /// The end of the kept elements.
  [[nodiscard]] const T* end() const { return elements_.data() + size_; }

 private:
  std::array<T, N> elements_{};
  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace hawser::sctp::wire
