#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/inner/cubic.hpp"
#include "sim/inner/packet.hpp"
#include "sim/inner/round_trip.hpp"
#include "sim/inner/tcp_scoreboard.hpp"
#include "sim/inner/timer.hpp"

namespace hawser::sim::inner {

/// Counts of a TcpSender, in segments unless stated otherwise.
struct TcpCounters {
  std::uint64_t sent = 0;  ///< with retransmissions
  std::uint64_t sent_again = 0;
  std::uint64_t recoveries = 0;  ///< fast recoveries
  std::uint64_t timeouts = 0;
  std::uint64_t tail_probes = 0;
  std::uint64_t undone = 0;  ///< reductions of the window that were taken back
  std::uint64_t marks = 0;   ///< reductions after an ECN mark
};

/// The end of a TCP connection that sends, as Linux does it: CUBIC, RACK and TLP (RFC 8985) with DSACK, PRR
/// (RFC 6937), F-RTO (RFC 5682), undo by DSACK and timestamps (RFC 3522, RFC 4015), ECN (RFC 3168), RTO of at
/// least 200 ms. Has endless data in segments of one size, and does not pace.
///
///              ┌──────── losses: PRR ────────┐      ┌── mark ──┐
///    Open ◄──► Disorder ──► Recovery ──► Open │      Open ─► CWR ─► Open
///      └─────────── time-out ──► Loss ──► Open (or undone)
class TcpSender {
 public:
  struct Config {
    std::size_t mss = 1340;
    std::uint64_t first_seq = 1;
    std::uint64_t window = 64'240;  ///< of the peer, bytes
    unsigned window_scale = 8;      ///< of the peer
    std::uint64_t send_buffer = 4U << 20;
    bool ecn = false;
  };
  /// Sends a segment of `payload` bytes; `header` lacks the ports and the acknowledgement. `ect`: the packet
  /// is ECN-capable.
  using Send = std::function<void(TcpHeader& header, std::size_t payload, bool ect)>;

  TcpSender(EventQueue& events, const Config& config, Send send);

  /// Starts to send. `rtt`: that of the handshake.
  void start(Duration rtt);
  /// Sends nothing new any more.
  void stop() { stopped_ = true; }
  void on_ack(const TcpHeader& header);

  [[nodiscard]] const TcpCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint32_t window() const { return cubic_.window(); }
  [[nodiscard]] Duration srtt() const { return round_trip_.smoothed(); }
  [[nodiscard]] std::uint64_t acknowledged() const { return board_.first() * config_.mss; }

 private:
  enum class State : std::uint8_t { open, disorder, cwr, recovery, loss };
  /// What happened at one acknowledgement.
  struct Ack {
    TcpScoreboard::News news;
    std::uint64_t prior_first = 0;
    bool advanced = false;
    bool duplicate_sack = false;  ///< DSACK
    bool probe_was_needless = false;
    bool echo = false;  ///< ECE
    bool window_changed = false;
    bool only_new = false;  ///< F-RTO sends new data and no retransmission
    std::uint32_t echoed_time = 0;
  };
  // --- acknowledgements
  void read_window(const TcpHeader& header, Ack& ack);
  void read_sacks(const TcpHeader& header, Ack& ack);
  void read_duplicate(std::uint64_t begin, std::uint64_t end, Ack& ack);
  void sample_rtt(const Ack& ack);
  void note_reordering(const Ack& ack);
  void adapt_reordering_window(const Ack& ack);
  void end_tail_probe(const Ack& ack);
  void grow_or_reduce(const Ack& ack);
  // --- states
  void handle_state(Ack& ack);
  void leave_finished_state(const Ack& ack);
  void in_recovery(Ack& ack);
  void in_loss(Ack& ack);
  void in_other_states(Ack& ack);
  void find_losses(Ack& ack);
  void enter_recovery();
  void enter_cwr();
  void begin_reduction();
  void end_reduction();
  void reduce_by_prr(std::uint32_t delivered, std::uint32_t lost, bool advanced);
  [[nodiscard]] bool reducing() const { return state_ == State::cwr || state_ == State::recovery; }
  // --- undo
  void init_undo();
  [[nodiscard]] bool echoes_original(const Ack& ack) const;
  [[nodiscard]] bool may_undo(const Ack& ack) const;
  void undo(bool unmark);
  bool try_undo_recovery(const Ack& ack);
  bool try_undo_dsack();
  bool try_undo_loss(const Ack& ack, bool sure);
  // --- sending
  void send_what_fits(bool repairs);
  [[nodiscard]] bool window_has_room() const;
  void send_new();
  void send_again(std::uint64_t number);
  void transmit(std::uint64_t number);
  void note_window_use();
  // --- timers
  void set_timer();
  void on_timer();
  void on_rto();
  void on_tail_probe();
  void on_reordering_timer();
  [[nodiscard]] Duration reordering_window() const;
  [[nodiscard]] std::uint32_t clock() const;

  EventQueue& events_;
  Config config_;
  Send send_;
  Cubic cubic_;
  TcpScoreboard board_;
  RoundTrip round_trip_;
  TcpCounters counters_;
  State state_ = State::open;
  bool stopped_ = false;
  std::uint64_t high_ = 0;       ///< where the current recovery or reduction ends
  std::uint64_t peer_edge_;      ///< right edge of the peer's window, bytes from the first
  std::uint32_t peer_time_ = 0;  ///< the newest timestamp of the peer
  // window validation
  bool window_limited_ = false;
  std::uint32_t most_outstanding_ = 0;
  std::uint64_t usage_end_ = 0;
  std::uint64_t round_end_ = 0;
  // PRR
  std::uint32_t prior_window_ = 0;
  std::uint32_t prr_delivered_ = 0;
  std::uint32_t prr_sent_ = 0;
  // undo
  std::optional<std::uint64_t> undo_marker_;
  int undo_retransmissions_ = 0;
  std::uint32_t undo_threshold_ = 0;  ///< 0: nothing to restore
  std::uint32_t undo_window_ = 0;
  std::optional<std::uint32_t> first_retransmission_;  ///< by the timestamp clock
  bool frto_ = false;
  unsigned expired_ = 0;  ///< time-outs without progress
  // RACK
  bool reordering_seen_ = false;
  std::uint32_t reordering_ = 3;
  unsigned window_steps_ = 1;
  unsigned steps_persist_ = 0;
  bool dsack_seen_ = false;
  std::uint64_t steps_at_ = 0;  ///< delivered() when the steps changed
  // timers
  enum class Wait : std::uint8_t { none, rto, tail_probe, reordering };
  Wait wait_ = Wait::none;
  Timer timer_;
  Duration reordering_wait_{};
  std::optional<std::uint64_t> probe_end_;
  bool probe_sent_again_ = false;
  bool announce_cwr_ = false;
};

}  // namespace hawser::sim::inner
