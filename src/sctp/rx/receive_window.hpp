#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"

namespace hawser::sctp::rx {

/// Size of the window that a receiver offers: twice what arrives while a chunk may be missing, so that the
/// window never limits a sender that doubles its rate. Grows from EndpointConfig::receive_window to
/// receive_window_max, and never shrinks, because the peer relies on what was advertised (RFC 9260 §6.2.1).
/// Owns the measurement; knows no chunk.
class ReceiveWindow {
 public:
  /// Begins with the configured window.
  explicit ReceiveWindow(const EndpointConfig& config)
      : size_(config.receive_window), max_(std::max(config.receive_window, config.receive_window_max)) {}

  /// Bytes that may be held.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// TSNs that may be outstanding, of which each takes a slot however small its chunk is: one packet with a
  /// high TSN must not cost megabytes.
  [[nodiscard]] std::size_t span() const { return std::max(kLeastTsns, size_ / kBytesPerTsn); }
  /// Whether it may still grow.
  [[nodiscard]] bool may_grow() const { return size_ < max_; }
  /// A packet of `bytes` bytes arrived. `span`: how long chunks may wait for one that is missing.
  void on_data(Timestamp now, std::size_t bytes, Duration span) {
    bytes_ += bytes;
    span = std::max(span, kLeastSpan);
    const Duration elapsed = now - since_;
    if (elapsed < span) return;
    const double rate = static_cast<double>(bytes_) / static_cast<double>(elapsed.count());
    const double wanted = 2 * rate * static_cast<double>(span.count());
    size_ = std::max(size_, static_cast<std::size_t>(std::min(wanted, static_cast<double>(max_))));
    since_ = now;
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kLeastTsns = 8'192;
  static constexpr std::size_t kBytesPerTsn = 128;
  static constexpr Duration kLeastSpan = std::chrono::milliseconds(20);
  std::size_t size_;
  std::size_t max_;
  std::size_t bytes_ = 0;  ///< that arrived since `since_`
  Timestamp since_{};
};

}  // namespace hawser::sctp::rx
