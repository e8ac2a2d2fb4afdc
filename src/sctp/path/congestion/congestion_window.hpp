#pragma once

#include <algorithm>
#include <cstddef>

namespace hawser::sctp::path {

/// Window and slow-start threshold of a path, with what is needed to take a reduction back. Owns no clock and
/// no algorithm: the controller decides when the window changes and by which factor.
class CongestionWindow {
 public:
  /// `initial` and `threshold` in bytes.
  CongestionWindow(std::size_t packet, std::size_t initial, std::size_t threshold)
      : packet_(packet), initial_(initial), bytes_(initial), threshold_(threshold) {}

  /// The window in bytes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// The slow-start threshold in bytes.
  [[nodiscard]] std::size_t threshold() const { return threshold_; }
  /// The largest packet of the path in bytes.
  [[nodiscard]] std::size_t packet() const { return packet_; }
  /// The largest packet has changed. The window is in bytes and stays: the network has not changed.
  void set_packet(std::size_t packet) { packet_ = packet; }

  /// Opens the window by `bytes`.
  void grow(std::size_t bytes) { bytes_ += bytes; }
  /// Ends slow start at the present window.
  void end_slow_start() { threshold_ = bytes_; }

  /// Congestion: window and threshold become `factor` of the window, and at least four packets (RFC 9260
  /// §7.2.3).
  void reduce(double factor) {
    before_loss_ = {bytes_, threshold_};
    threshold_ = bytes_ = reduced(factor);
  }
  /// The last reduction was spurious: nothing was lost.
  void undo_reduction() {
    bytes_ = std::max(bytes_, before_loss_.bytes);
    threshold_ = std::max(threshold_, before_loss_.threshold);
    before_loss_ = {};
  }
  /// T3-rtx: at most one packet in flight (RFC 9260 §7.2.3). A second time-out in a row does not reduce the
  /// threshold again (RFC 5681 §3.1): a path that returns after an outage keeps it.
  void time_out(double factor) {
    if (bytes_ > packet_) {
      before_timeout_ = {bytes_, threshold_};
      threshold_ = reduced(factor);
    }
    bytes_ = packet_;
    before_loss_ = {};
  }
  /// The last T3-rtx was spurious. RFC 4015 restarts the window to prevent a burst; here the pacer prevents
  /// it.
  void undo_timeout() {
    bytes_ = std::max(bytes_, before_timeout_.bytes);
    threshold_ = std::max(threshold_, before_timeout_.threshold);
  }
  /// The path answers again. After a time-out the window is one packet, because the network may have
  /// collapsed. This network has just answered: after a single time-out (`brief`) the window is that after
  /// any loss, after more that of a new path. A path that failed without a time-out of data keeps its window:
  /// the threshold may be far above what it has ever carried.
  void on_return(bool brief) {
    const std::size_t after_loss = std::min(threshold_, before_timeout_.bytes);
    bytes_ = std::max({bytes_, initial_, brief ? after_loss : 0});
    before_timeout_ = {};
  }
  /// Slow start leads back to about this window (RFC 7661 §4.4.1).
  void remember() { threshold_ = std::max(threshold_, bytes_ / 4 * 3); }
  /// Nothing was sent for a time-out: a window that was not used no longer describes the path. Halves it,
  /// down to four packets (RFC 9260 §7.2.1).
  void on_idle() { bytes_ = std::max(bytes_ / 2, std::min(bytes_, kLeastPackets * packet_)); }

 private:
  struct Saved {
    std::size_t bytes = 0;
    std::size_t threshold = 0;
  };
  [[nodiscard]] std::size_t reduced(double factor) const {
    return std::max(static_cast<std::size_t>(static_cast<double>(bytes_) * factor), kLeastPackets * packet_);
  }

  static constexpr std::size_t kLeastPackets = 4;
  std::size_t packet_;
  std::size_t initial_;
  std::size_t bytes_;
  std::size_t threshold_;
  Saved before_loss_;     ///< zeros: there is nothing to restore
  Saved before_timeout_;  ///< before the last T3-rtx; zeros: there is nothing to restore
};

}  // namespace hawser::sctp::path
