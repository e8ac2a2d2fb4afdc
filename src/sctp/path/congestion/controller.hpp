#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// What one acknowledgement tells about ONE path. Bytes are those of IP packets with DATA, headers included:
/// what the network carries.
struct AckSample {
  Timestamp now{};
  std::size_t acked = 0;           ///< newly acknowledged
  std::size_t lost = 0;            ///< newly declared lost
  std::size_t flight_before = 0;   ///< in flight before the acknowledgement
  std::size_t flight = 0;          ///< in flight after it, without the packets declared lost
  bool pseudo_cumulative = false;  ///< the oldest outstanding packet of the path is acknowledged (CUC)
  bool in_recovery = false;        ///< losses of the current window are being repaired

  Duration rtt{};   ///< of the newest acknowledged packet, without the acknowledgement delay; zero: no sample
  Duration srtt{};  ///< smoothed; zero: not measured yet
  Duration min_rtt{};  ///< lowest of the recent past; zero: not measured yet
  /// How much longer than the fastest recent one the newest acknowledged packet took to the peer. Nothing:
  /// the peer reports no times of arrival.
  std::optional<Duration> queue_delay;

  std::uint64_t delivered = 0;        ///< delivered on this path so far
  std::uint64_t prior_delivered = 0;  ///< delivered when the newest acknowledged packet left
  std::size_t flight_when_sent = 0;   ///< in flight just after the newest acknowledged packet left
  double delivery_rate = 0;           ///< bytes per second over the last round trip; 0: no sample
  bool rate_app_limited = false;      ///< too little data waited, so the path may carry more than that rate
  std::uint32_t ce_marked = 0;        ///< packets newly reported as marked by ECN
};

/// Packets of ONE path that were declared lost together.
struct LossSample {
  Timestamp now{};
  std::size_t lost = 0;              ///< bytes
  std::size_t flight = 0;            ///< in flight without them
  std::size_t flight_when_sent = 0;  ///< in flight just after the newest of them left
  /// They left after the last reduction of the window, so they are the first of a new window.
  bool new_window = false;
};

/// Decides how many bytes may be in flight on ONE path, and how fast they leave. Owns its model of the path;
/// never the flight, which the sender owns and reports here.
class CongestionController {
 public:
  virtual ~CongestionController() = default;

  /// A packet of `bytes` leaves at `now`; `flight` bytes are in flight with it.
  virtual void on_sent(Timestamp now, std::size_t bytes, std::size_t flight) = 0;
  /// An acknowledgement has arrived. Its losses were passed to on_loss() before.
  virtual void on_ack(const AckSample& ack) = 0;
  /// Packets were declared lost.
  virtual void on_loss(const LossSample& loss) = 0;
  /// Every packet of the last reduction that was declared lost has arrived (RFC 8985 §3.3.2, RFC 4015).
  virtual void on_spurious_loss() = 0;
  /// T3-rtx expired.
  virtual void on_timeout() = 0;
  /// A packet that the last T3-rtx declared lost has arrived: the time-out was spurious (RFC 4015).
  virtual void on_spurious_timeout() = 0;
  /// The path answers again after time-outs. `brief`: after only one, which may not have been caused by the
  /// network.
  virtual void on_return(bool brief) = 0;
  /// The size of the largest IP packet on the path has changed.
  virtual void on_mtu(std::size_t packet_size) = 0;

  /// The congestion window in bytes.
  [[nodiscard]] virtual std::size_t cwnd() const = 0;
  /// The slow-start threshold in bytes, or what comes closest to it. For display.
  [[nodiscard]] virtual std::size_t ssthresh() const = 0;
  /// Pacing rate in bytes per second; 0: not known yet, no limit.
  [[nodiscard]] virtual double pacing_rate() const = 0;
};

}  // namespace hawser::sctp::path
