#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>

#include "sim/inner/cubic.hpp"
#include "sim/inner/flow.hpp"
#include "sim/inner/quic_packets.hpp"
#include "sim/inner/timer.hpp"

namespace hawser::sim::inner {

/// The end of a QUIC-like connection that sends: loss detection of RFC 9002 (packet threshold 3, time
/// threshold 9/8, PTO), the same CUBIC as TcpSender, paced at 1.25 windows a round trip. Reductions are never
/// undone. Has endless data in pieces of one size.
class QuicSender {
 public:
  using Send = std::function<void(const QuicData&)>;
  QuicSender(EventQueue& events, Send send);

  /// `rtt`: a guess, which counts until the first sample.
  void start(Duration rtt);
  void stop() { stopped_ = true; }
  void on_ack(const QuicAck& ack);

  [[nodiscard]] const FlowCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint32_t window() const { return cubic_.window(); }
  [[nodiscard]] Duration smoothed_rtt() const { return smoothed_; }

 private:
  struct Sent {
    Timestamp when;
    std::uint64_t piece;
    bool outstanding = true;
  };
  /// Packets that are acknowledged for the first time.
  struct Acked {
    std::uint32_t all = 0;
    std::uint32_t after_recovery = 0;  ///< sent after the last recovery began
  };
  Acked mark(const QuicAck& ack);
  void sample_rtt(const QuicAck& ack, Timestamp sent);
  void detect_losses();
  void on_loss(Timestamp newest_sent, Timestamp oldest_sent);
  void forget_old();
  void send_what_fits();
  void send_one();
  [[nodiscard]] Timestamp paced_until();
  void set_timer();
  void on_timer();
  void on_probe_timeout();
  [[nodiscard]] Duration probe_timeout() const;
  [[nodiscard]] Sent& sent(std::uint64_t number) { return sent_[number - first_]; }
  [[nodiscard]] std::uint64_t next() const { return first_ + sent_.size(); }

  EventQueue& events_;
  Send send_;
  Cubic cubic_;
  FlowCounters counters_;
  bool stopped_ = false;
  std::deque<Sent> sent_;
  std::uint64_t first_ = 0;  ///< number of the first packet in sent_
  std::uint32_t in_flight_ = 0;
  std::uint64_t next_piece_ = 0;
  std::set<std::uint64_t> lost_pieces_;
  bool any_acked_ = false;
  std::uint64_t largest_acked_ = 0;
  Timestamp loss_due_ = kNever;
  Timestamp recovery_start_{};
  Timestamp last_sent_{};
  bool limited_ = false;
  unsigned probes_ = 0;  ///< time-outs without progress
  // round trips
  Duration latest_{};
  Duration smoothed_{};
  Duration variation_{};
  Duration least_ = Duration::max();
  // pacing
  double tokens_ = 0;  ///< packets
  Timestamp filled_{};
  Timer pace_;
  Timer timer_;
};

}  // namespace hawser::sim::inner
