#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>

#include "sim/inner/quic_packets.hpp"
#include "sim/inner/timer.hpp"

namespace hawser::sim::inner {

/// The end of a QUIC-like connection that receives: acknowledges every second packet or after 25 ms, and at
/// once what is out of order (RFC 9000 §13.2.1). Packets that come faster than it reads them overflow its
/// socket buffer.
class QuicReceiver {
 public:
  using Send = std::function<void(const QuicAck&)>;
  QuicReceiver(EventQueue& events, Send send);

  void on_data(const QuicData& packet);
  /// Observes the pieces that become readable in order.
  std::function<void(std::uint64_t)> on_pieces;
  [[nodiscard]] std::uint64_t pieces() const { return next_piece_; }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  /// Packets that the socket buffer did not hold.
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }

 private:
  bool fits_socket();
  bool note_number(std::uint64_t number);
  void take_piece(std::uint64_t piece);
  void acknowledge();

  EventQueue& events_;
  Send send_;
  Timer delayed_;
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< of packet numbers: begin → end
  Timestamp largest_arrived_{};
  unsigned unacknowledged_ = 0;
  std::uint64_t next_piece_ = 0;
  std::map<std::uint64_t, std::uint64_t> waiting_;  ///< pieces after a gap
  std::uint64_t duplicates_ = 0;
  Timestamp read_by_{};  ///< when all packets in the socket buffer are read
  std::uint64_t overflowed_ = 0;
};

}  // namespace hawser::sim::inner
