#pragma once

#include <cstddef>
#include <memory>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// Decides how many bytes may be in flight on ONE path. Owns the window; never the flight, which the sender
/// owns and reports here.
class CongestionController {
 public:
  /// What a SACK acknowledges on the path.
  struct Ack {
    std::size_t bytes = 0;           ///< newly acknowledged on this path
    std::size_t flight_before = 0;   ///< bytes in flight on this path before this acknowledgement
    bool pseudo_cumulative = false;  ///< the path's oldest outstanding chunk is acknowledged (CUC)
    bool in_recovery = false;        ///< losses of the current window are being repaired
  };

  virtual ~CongestionController() = default;
  /// A SACK acknowledges bytes on the path.
  virtual void on_ack(const Ack& ack) = 0;
  /// The first loss of a window (fast retransmit).
  virtual void on_loss() = 0;
  /// T3-rtx expired.
  virtual void on_timeout() = 0;
  /// A chunk that the last T3-rtx declared lost has arrived: the time-out was spurious (RFC 4015).
  virtual void on_spurious_timeout() = 0;
  /// Nothing was sent for an RTO.
  virtual void on_idle() = 0;
  /// The path answers again after time-outs. `brief`: after only one, which may not have been caused by the
  /// network.
  virtual void on_return(bool brief) = 0;
  /// The largest UDP payload of the path has changed.
  virtual void on_mtu(std::size_t mtu) = 0;
  /// The congestion window in bytes.
  [[nodiscard]] virtual std::size_t cwnd() const = 0;
  /// The slow-start threshold in bytes.
  [[nodiscard]] virtual std::size_t ssthresh() const = 0;
  /// Whether the window grows in slow start.
  [[nodiscard]] bool in_slow_start() const { return cwnd() <= ssthresh(); }
};

/// The congestion control of RFC 9260 §7.2. `mtu` is the largest UDP payload of the path in bytes,
/// `peer_window` the first ssthresh.
std::unique_ptr<CongestionController> make_new_reno(std::size_t mtu, std::size_t peer_window);

}  // namespace hawser::sctp::path
