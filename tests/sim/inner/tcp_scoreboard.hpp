#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "hawser/base/time.hpp"

namespace hawser::sim::inner {

/// What is known of each segment that is sent and not yet acknowledged, by number: SACKed, lost, sent again.
/// Declares losses by time (RACK, RFC 8985) with the reordering window that the owner gives.
///
///      first()                                                   next()
///        │  A  │ SACKed │ lost, sent again │ lost │ A │ SACKed │   │
///        └── in flight = all − SACKed − lost + sent again ─────────┘
class TcpScoreboard {
 public:
  struct Segment {
    Timestamp sent{};             ///< the last time
    std::uint64_t order = 0;      ///< number of that transmission
    std::uint64_t delivered = 0;  ///< delivered() at that time
    bool sacked = false;
    bool lost = false;
    bool sent_again = false;  ///< the retransmission is in flight
    bool ever_sent_again = false;
  };
  /// What one acknowledgement tells; all numbers are segments.
  struct News {
    std::uint32_t acked = 0;      ///< acknowledged now, also those SACKed before
    std::uint32_t delivered = 0;  ///< acknowledged or SACKed now for the first time
    std::uint32_t sacked = 0;
    std::uint32_t lost = 0;
    bool original = false;    ///< a segment that was never sent again arrived, of those before `watch`
    bool sent_again = false;  ///< one that was sent again was acknowledged
    std::optional<std::uint64_t>
        overtaken;  ///< lowest segment, never sent again, that arrived after a later one
    std::optional<Timestamp> oldest_sent;  ///< of the acknowledged ones that were sent once
    std::optional<Timestamp> newest_sent;
    std::optional<Timestamp> sacked_sent;  ///< oldest of the SACKed ones that were sent once
    std::uint64_t prior_delivered = 0;     ///< delivered() when the newest of them was sent
    std::uint64_t newest_order = 0;
  };

  void send_next(Timestamp now);
  void send_again(Timestamp now, std::uint64_t number);
  /// All before `number` has arrived. Originals before `watch` are reported.
  void acknowledge(Timestamp now, std::uint64_t number, std::uint64_t watch, News& news);
  /// Segments begin to end (not included) have arrived.
  void sack(Timestamp now, std::uint64_t begin, std::uint64_t end, std::uint64_t watch, News& news);
  /// Marks what was sent so long before the newest delivered segment that it must be lost. Returns the time
  /// until the next one is, if there is one; zero: there is none.
  Duration detect(Timestamp now, Duration window, std::uint32_t& lost);
  /// Marks all as lost that was not SACKed, but (RACK) what was sent last.
  void lose_all(Timestamp now, Duration window);
  /// Takes back all marks of losses.
  void unmark();

  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::uint64_t next() const { return first_ + segments_.size(); }
  [[nodiscard]] std::uint32_t outstanding() const { return static_cast<std::uint32_t>(segments_.size()); }
  [[nodiscard]] std::uint32_t in_flight() const { return outstanding() - sacked_ - lost_ + again_; }
  [[nodiscard]] std::uint32_t sacked() const { return sacked_; }
  [[nodiscard]] std::uint32_t lost() const { return lost_; }
  [[nodiscard]] std::uint32_t sent_again() const { return again_; }
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
  /// One past the highest SACKed segment.
  [[nodiscard]] std::uint64_t highest_sacked() const { return highest_sacked_; }
  /// The first lost segment that was not sent again.
  [[nodiscard]] std::optional<std::uint64_t> to_send_again();
  [[nodiscard]] const Segment& at(std::uint64_t number) const { return segments_[number - first_]; }
  [[nodiscard]] bool empty() const { return segments_.empty(); }

  // RACK
  [[nodiscard]] bool advanced() const { return advanced_; }
  void set_advanced(bool advanced) { advanced_ = advanced; }
  [[nodiscard]] Duration rack_rtt() const { return rack_rtt_; }
  void set_least_rtt(Duration rtt) { least_rtt_ = rtt; }

 private:
  struct Sent {
    std::uint64_t order;
    std::uint64_t number;
  };
  [[nodiscard]] Segment& segment(std::uint64_t number) { return segments_[number - first_]; }
  void transmit(Timestamp now, std::uint64_t number);
  void deliver(Timestamp now, const Segment& segment, News& news);
  void sack_one(Timestamp now, std::uint64_t number, std::uint64_t watch, News& news);
  void mark_lost(std::uint64_t number);

  std::deque<Segment> segments_;
  std::uint64_t first_ = 0;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t again_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t highest_sacked_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t lost_from_ = 0;                    ///< no segment before it is to be sent again
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< of SACKed segments: begin → end
  std::deque<Sent> by_time_;
  Timestamp rack_sent_{};
  std::uint64_t rack_order_ = 0;
  Duration rack_rtt_{};
  Duration least_rtt_{};
  bool advanced_ = false;
};

}  // namespace hawser::sim::inner
