#pragma once

#include <cstdint>
#include <vector>

#include "hawser/base/time.hpp"

namespace hawser::sim::inner {

/// Bytes that arrived, by tenths of a second.
class ArrivalLog {
 public:
  static constexpr Duration kSlot = std::chrono::milliseconds(100);
  void begin(Timestamp start) { start_ = last_ = start; }
  void add(Timestamp now, std::uint64_t bytes);
  /// Bytes of [from, to), which are whole slots after the start.
  [[nodiscard]] std::uint64_t bytes(Duration from, Duration to) const;
  /// bit/s in [from, to).
  [[nodiscard]] double rate(Duration from, Duration to) const;
  /// The longest time without data that ends in [from, to); zero if none is longer than kPause.
  [[nodiscard]] Duration longest_pause(Duration from, Duration to) const;

 private:
  static constexpr Duration kPause = std::chrono::milliseconds(20);
  struct Pause {
    Duration end{};
    Duration length{};
  };
  Timestamp start_{};
  Timestamp last_{};
  std::vector<Pause> pauses_;  ///< longer than kPause
  std::vector<std::uint64_t> slots_;
};

/// Counts of a flow, in packets with data.
struct FlowCounters {
  std::uint64_t sent = 0;        ///< with retransmissions
  std::uint64_t sent_again = 0;  ///< of data that was sent before
  std::uint64_t timeouts = 0;    ///< RTO, or PTO
};

/// A flow with endless data from one inner host to another.
class Flow {
 public:
  Flow() = default;
  virtual ~Flow() = default;
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  virtual void start() = 0;
  /// Sends nothing new any more.
  virtual void stop() = 0;
  [[nodiscard]] virtual FlowCounters totals() const = 0;
  /// The congestion window in packets; zero before the flow has begun.
  [[nodiscard]] virtual std::uint32_t window() const = 0;
  [[nodiscard]] virtual Duration smoothed_rtt() const = 0;
  /// User data, as it arrived in order.
  [[nodiscard]] const ArrivalLog& arrivals() const { return arrivals_; }

 protected:
  ArrivalLog arrivals_;
};

}  // namespace hawser::sim::inner
