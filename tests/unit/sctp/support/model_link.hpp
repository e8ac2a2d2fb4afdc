#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "sctp/path/path.hpp"
#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::test {

/// A sender whose packets leave as the window and the pacer of a path allow, and the network behind it: a
/// queue of limited length before a link of a certain rate, and as long a way back. Each packet is
/// acknowledged alone. Owns the time; nothing is random.
class ModelLink {
 public:
  static constexpr std::size_t kPacket = 1280;  // PmtuDiscovery::kBase

  struct Shape {
    double rate = 0;  ///< bytes per second
    Duration round_trip{};
    Duration queue = std::chrono::seconds(1);  ///< longest delay of the queue
    std::uint64_t lose_every = 0;              ///< 0: no packet is lost outside the queue
    double policed = 0;  ///< what exceeds this rate is dropped before the queue, bytes per second; 0: nothing
  };

  explicit ModelLink(const Shape& link_shape, CongestionControl control = CongestionControl::model)
      : shape(link_shape) {
    config.congestion = control;
    path.control_congestion_by(control);
    path.rtt.add_sample(now, shape.round_trip);  // of a HEARTBEAT
  }

  /// Lets `span` pass. Returns the bytes per second that arrived in it.
  double run(Duration span) {
    const std::uint64_t before = path.flight.rate.delivered();
    const std::uint64_t sent_before = sent;
    const Timestamp end = now + span;
    longest_queue = {};
    lost = 0;
    while (next() <= end) step();
    now = end;
    sent_in_run = sent - sent_before;
    return static_cast<double>(path.flight.rate.delivered() - before) * 1e9 /
           static_cast<double>(span.count());
  }
  double rounds(int count) { return run(count * shape.round_trip); }

  /// Delay of the queue now.
  [[nodiscard]] Duration queue() const { return std::max(Duration::zero(), busy_until_ - now); }
  /// Other traffic fills the queue by `time`.
  void fill_queue(Duration time) { busy_until_ = std::max(busy_until_, now) + time; }
  [[nodiscard]] std::size_t cwnd() const { return path.congestion->cwnd(); }
  [[nodiscard]] double bdp() const {
    return shape.rate * static_cast<double>(shape.round_trip.count()) * 1e-9;
  }

  Shape shape;
  double supply = 0;  ///< bytes per second that the application has; 0: as much as the path takes
  Timestamp now = Timestamp{} + std::chrono::hours(1);
  EndpointConfig config;
  path::CouplingGroup coupling;
  path::Path path{PathId{1}, route_to(1, 1), PathState::active, kPeerWindow, config, coupling};
  std::uint64_t sent = 0;
  std::uint64_t sent_in_run = 0;
  std::uint64_t lost = 0;    ///< packets declared lost in the last run
  Duration longest_queue{};  ///< of the last run

 private:
  struct InTransit {
    path::PacketNumber number;
    Timestamp sent_at{};
    Timestamp arrives{};
    bool lost = false;
  };

  // When the next packet leaves or the next acknowledgement arrives.
  [[nodiscard]] Timestamp next() const { return std::min(next_ack(), next_departure()); }
  [[nodiscard]] Timestamp next_ack() const {
    const auto first = std::ranges::find_if(transit_, [](const InTransit& each) { return !each.lost; });
    return first == transit_.end() ? kNever : first->arrives + shape.round_trip / 2;
  }
  [[nodiscard]] Timestamp next_departure() const {
    if (path.flight.bytes >= cwnd()) return kNever;
    return std::max({now, path.pacer.next(), supply == 0 ? now : next_supply_});
  }
  void step() {
    if (next_ack() <= next_departure()) {
      now = next_ack();
      acknowledge();
    } else {
      now = next_departure();
      depart();
    }
  }

  void depart() {
    if (supply != 0) next_supply_ = std::max(next_supply_, now) + time_of(kPacket, supply);
    InTransit packet{path.flight.sent.next(), now, {}, !admitted()};
    if (!packet.lost) busy_until_ = std::max(busy_until_, now) + time_of(kPacket, shape.rate);
    longest_queue = std::max(longest_queue, queue());
    packet.arrives = std::max(busy_until_, now) + shape.round_trip / 2;
    ++sent;
    path.on_data_sent(now, kPacket - 28, 0, config.max_burst * kPacket);
    transit_.push_back(packet);
    if (supply != 0 && path.flight.bytes < cwnd()) path.flight.rate.on_app_limited(path.flight.bytes);
  }
  [[nodiscard]] bool admitted() {
    if (shape.lose_every != 0 && sent % shape.lose_every == shape.lose_every - 1) return false;
    if (shape.policed != 0) {
      const Duration burst = time_of(20 * kPacket, shape.policed);
      const Timestamp finish = std::max(policer_, now) + time_of(kPacket, shape.policed);
      if (finish - now > burst) return false;
      policer_ = finish;
    }
    return queue() <= shape.queue;
  }

  // The link keeps the order, so what is missing before an acknowledged packet is lost.
  void acknowledge() {
    path::PathFlight& flight = path.flight;
    path::LossSample loss;
    loss.now = now;
    while (transit_.front().lost) {
      const path::PacketNumber number = transit_.front().number;
      loss.lost += flight.take_out(number);
      loss.flight_when_sent = flight.sent.find(number)->flight;
      loss.new_window |= number >= flight.recovery_end;
      transit_.pop_front();
      ++lost;
    }
    const InTransit packet = transit_.front();
    transit_.pop_front();
    path::AckSample ack;
    ack.now = now;
    ack.flight_before = flight.bytes + loss.lost;
    ack.acked = flight.take_out(packet.number);
    flight.rate.on_delivered(ack.acked);
    flight.largest_acked = packet.number;
    const bool recovering = flight.in_recovery();
    loss.flight = flight.bytes;
    if (loss.lost != 0) {
      if (loss.new_window) flight.recovery_end = flight.sent.next();
      path.congestion->on_loss(loss);
    }
    report(ack, packet, loss.lost, recovering);
    flight.sent.forget_before(transit_.empty() ? flight.sent.next() : transit_.front().number);
  }
  void report(path::AckSample& ack, const InTransit& packet, std::size_t lost_bytes, bool recovering) {
    path::PathFlight& flight = path.flight;
    constexpr Duration kClockOffset = std::chrono::hours(-1);
    const Timestamp received = packet.arrives + kClockOffset;
    path.rtt.add_sample(now, now - packet.sent_at);
    path.delay.add(now, packet.sent_at, received);
    ack.lost = lost_bytes;
    ack.flight = flight.bytes;
    ack.pseudo_cumulative = true;
    ack.in_recovery = recovering || flight.in_recovery();
    ack.rtt = path.rtt.latest();
    ack.srtt = path.rtt.srtt();
    ack.min_rtt = path.rtt.min_rtt();
    ack.queue_delay = path.delay.queue_delay();
    ack.delivered = flight.rate.delivered();
    const path::SentPacket& sent_packet = *flight.sent.find(packet.number);
    ack.prior_delivered = sent_packet.before.bytes;
    ack.flight_when_sent = sent_packet.flight;
    const auto rate = flight.rate.sample(sent_packet, now, received, ack.min_rtt);
    ack.delivery_rate = rate.rate;
    ack.rate_app_limited = rate.app_limited;
    path.congestion->on_ack(ack);
  }

  static Duration time_of(std::size_t bytes, double rate) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(bytes) / rate * 1e9));
  }

  std::deque<InTransit> transit_;
  Timestamp busy_until_{};
  Timestamp next_supply_{};
  Timestamp policer_{};
};

}  // namespace hawser::sctp::test
