#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// Recognises a policer: it lets bursts pass, then drops what exceeds its rate, and has no queue that could
/// show it. While it drops, what arrives is its rate. Afterwards no more than that is sent for a while, which
/// gets longer each time that more was tried and dropped.
///
/// Owns the estimate of the rate and the span in which packets are lost. Never decides how much is sent.
class Policer {
 public:
  enum class Verdict : std::uint8_t {
    none,
    found,    ///< there is a policer: rate() holds from now on
    exceeded  ///< it still drops, or again: rate() holds from now on
  };

  /// `usual`: part of the packets that the path loses without congestion. Not to be called while there is a
  /// queue, whose overflow explains the losses.
  Verdict on_ack(const AckSample& ack, std::size_t packet_size, double usual);
  /// Several round trips at rate() have passed.
  void on_cycle();

  /// Bytes per second that pass; meaningful if known().
  [[nodiscard]] double rate() const { return rate_; }
  /// Whether no more than rate() is to be sent.
  [[nodiscard]] bool holds(Timestamp now) const { return now < hold_until_; }
  /// Whether the policer was there not long ago.
  [[nodiscard]] bool known(Timestamp now) const { return now < hold_until_ + 2 * hold_; }

 private:
  void on_loss(const AckSample& ack);
  [[nodiscard]] bool exceeds(double part, const AckSample& ack) const;
  void begin_hold(Timestamp now, Duration length);
  Verdict correct(Timestamp now);

  // The losses of the current span.
  Timestamp since_{};
  Timestamp last_loss_{};
  std::uint64_t delivered_ = 0;
  std::size_t lost_ = 0;

  // The policer.
  double rate_ = 0;
  double first_rate_ = 0;  ///< as measured
  bool seeks_ = false;     ///< rate_ was not exceeded yet
  Duration hold_{};
  Timestamp held_since_{};
  Timestamp hold_until_{};
  Timestamp dismissed_until_{};
};

}  // namespace hawser::sctp::path
