#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>

#include "sim/inner/packet.hpp"
#include "sim/inner/timer.hpp"

namespace hawser::sim::inner {

/// The end of a TCP connection that receives the data, as Linux does it: acknowledges every second segment or
/// after 40 ms, the first ones at once; reports gaps by SACK and duplicates by DSACK at once, and in a burst
/// of gaps every millisecond; opens its window as fast as data arrives. The user reads everything at once.
class TcpReceiver {
 public:
  struct Config {
    std::size_t mss = 1340;
    std::uint64_t first_seq = 1;
    std::uint64_t largest_window = 6U << 20;  ///< bytes
    bool ecn = false;
  };
  /// Sends an acknowledgement; `header` has all fields but the ports.
  using Send = std::function<void(TcpHeader& header)>;

  TcpReceiver(EventQueue& events, const Config& config, Send send);

  void on_segment(const TcpHeader& header, std::size_t payload, Ecn ecn);

  /// Bytes in order.
  [[nodiscard]] std::uint64_t received() const { return next_ - config_.first_seq; }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }
  /// Observes the bytes that become readable.
  std::function<void(std::uint64_t)> on_data;

  static constexpr unsigned kWindowScale = 8;
  /// The window that a SYN announces, without scaling.
  static constexpr std::uint16_t kFirstWindow = 64'240;

 private:
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  void store(std::uint64_t begin, std::uint64_t end);
  void advance(std::uint64_t end);
  void remember(std::uint64_t begin);
  void note_duplicate(std::uint64_t begin, std::uint64_t end);
  void measure_round_trip(std::uint32_t echo);
  void size_window();
  void acknowledge_later();
  void acknowledge_gap();
  void acknowledge();
  void put_sacks(TcpHeader& header);
  [[nodiscard]] std::uint32_t clock() const;

  EventQueue& events_;
  Config config_;
  Send send_;
  Timer delayed_;
  Timer compressed_;
  std::uint64_t next_;
  std::uint64_t acknowledged_;                      ///< in the last acknowledgement
  std::map<std::uint64_t, std::uint64_t> waiting_;  ///< ranges after a gap: begin → end
  std::uint64_t waiting_bytes_ = 0;
  std::array<std::uint64_t, 4> recent_{};  ///< begins of the ranges to report, the newest first
  std::size_t recent_count_ = 0;
  bool duplicate_pending_ = false;
  Range duplicate_;
  std::uint32_t recent_timestamp_ = 0;
  unsigned quick_ = 16;  ///< acknowledgements that are not delayed
  bool at_once_ = false;
  bool congestion_experienced_ = false;
  std::uint64_t gap_at_ = 0;  ///< next_ when the acknowledgements of this gap began
  unsigned gap_acks_ = 0;     ///< that were sent at once
  unsigned compressed_acks_ = 0;
  // window
  std::uint64_t window_ = kFirstWindow;  ///< what the buffer may hold
  std::uint64_t edge_;                   ///< right edge of the window, which never moves back
  double round_trip_ = 0;                ///< ms; 0: unknown
  std::uint32_t last_echo_ = 0;
  std::uint64_t round_begin_;
  Timestamp round_start_{};
  std::uint64_t round_bytes_;
  std::uint64_t duplicates_ = 0;
  std::uint64_t out_of_order_ = 0;
};

}  // namespace hawser::sim::inner
