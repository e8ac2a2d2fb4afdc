#pragma once

#include <cstdint>
#include <vector>

#include "sim/inner/host.hpp"
#include "sim/inner/timer.hpp"

namespace hawser::sim::inner {

/// Latencies of probes; those that never arrived are counted.
class Latencies {
 public:
  void sent(Timestamp when) { samples_.push_back({when, kNever}); }
  void arrived(std::size_t number, Timestamp when);
  /// Of what was sent in [from, to): the share `quantile` of the arrived ones took at most so long; zero:
  /// none arrived.
  [[nodiscard]] Duration quantile(Timestamp from, Timestamp to, double quantile) const;
  [[nodiscard]] double loss(Timestamp from, Timestamp to) const;
  /// Longest time between two arrivals of what was sent in [from, to).
  [[nodiscard]] Duration longest_gap(Timestamp from, Timestamp to) const;
  [[nodiscard]] std::size_t count() const { return samples_.size(); }

 private:
  struct Sample {
    Timestamp sent;
    Timestamp arrived;
  };
  std::vector<Sample> samples_;
};

/// Echo requests at a constant interval; latencies are round trips.
class Ping {
 public:
  Ping(InnerHost& from, std::uint32_t to, Duration interval = std::chrono::milliseconds(100),
       std::size_t payload = 56);
  void start() { send(); }
  void stop() { timer_.cancel(); }
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  void send();
  InnerHost& from_;
  std::uint32_t to_;
  Duration interval_;
  std::vector<std::byte> payload_;
  Timer timer_;
  Latencies latencies_;
};

/// UDP packets at a constant interval, as of a telephone call; latencies are one-way.
class UdpStream {
 public:
  UdpStream(InnerHost& from, InnerHost& to, std::uint16_t port,
            Duration interval = std::chrono::milliseconds(5), std::size_t packet = 200);
  void start() { send(); }
  void stop() { timer_.cancel(); }
  [[nodiscard]] const Latencies& latencies() const { return latencies_; }

 private:
  void send();
  InnerHost& from_;
  InnerHost& to_;
  std::uint16_t port_;
  Duration interval_;
  std::vector<std::byte> payload_;
  Timer timer_;
  Latencies latencies_;
};

}  // namespace hawser::sim::inner
