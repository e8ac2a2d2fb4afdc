#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::test {

/// The sender and the network around one congestion controller: a path that always has data, without a
/// bottleneck. Owns the controller and the time.
class ControlledPath {
 public:
  static constexpr std::size_t kPacket = 1000;
  static constexpr int kAcksPerRound = 10;

  explicit ControlledPath(std::unique_ptr<path::CongestionController> controller)
      : control(std::move(controller)) {}

  /// The newest `bytes` in flight are acknowledged; the flight is `flight` before.
  path::AckSample sample(std::size_t bytes, std::size_t flight) {
    path::AckSample ack;
    ack.now = now;
    ack.acked = bytes;
    ack.flight_before = ack.flight_when_sent = flight;
    ack.flight = flight - std::min(bytes, flight);
    ack.pseudo_cumulative = true;
    ack.rtt = ack.srtt = ack.min_rtt = rtt;
    ack.prior_delivered = prior ? *prior : delivered - std::min<std::uint64_t>(delivered, flight);
    delivered += bytes;
    ack.delivered = delivered;
    return ack;
  }
  /// An acknowledgement of `bytes` while the window is full.
  void ack(std::size_t bytes) { control->on_ack(sample(bytes, control->cwnd())); }
  /// An acknowledgement of `bytes` while only `flight` bytes are in flight.
  void ack(std::size_t bytes, std::size_t flight) { control->on_ack(sample(bytes, flight)); }
  /// Round trips in which full windows are acknowledged.
  void rounds(int count) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count) * kAcksPerRound; ++i) {
      now += rtt / kAcksPerRound;
      prior = left[i % kAcksPerRound];
      ack(control->cwnd() / kAcksPerRound);
      left[i % kAcksPerRound] = delivered;  // the acknowledgement lets the next packets leave
    }
    prior.reset();
  }
  /// `bytes` of a full window are lost; the first loss of this window.
  void lose(std::size_t bytes = kPacket) {
    path::LossSample loss;
    loss.now = now;
    loss.lost = bytes;
    loss.flight = control->cwnd() - std::min(bytes, control->cwnd());
    loss.flight_when_sent = control->cwnd();
    loss.new_window = true;
    control->on_loss(loss);
  }
  /// A loss that is repaired one round trip later.
  void lose_and_recover() {
    lose();
    now += rtt;
    delivered += control->ssthresh();
    const path::AckSample last = sample(kPacket, control->ssthresh());
    control->on_ack(last);
  }
  /// Opens the window in slow start to at least `bytes`.
  void open(std::size_t bytes) {
    while (control->cwnd() < bytes) {
      now += rtt / kAcksPerRound;
      ack(std::min(control->cwnd(), bytes - control->cwnd()));
    }
  }

  std::unique_ptr<path::CongestionController> control;
  Timestamp now{std::chrono::seconds(1)};
  Duration rtt = std::chrono::milliseconds(100);
  std::uint64_t delivered = 0;
  std::optional<std::uint64_t> prior;               ///< delivered when the acknowledged packet left
  std::array<std::uint64_t, kAcksPerRound> left{};  ///< `prior` of the next round
};

}  // namespace hawser::sctp::test
