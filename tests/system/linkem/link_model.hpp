#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "codel.hpp"
#include "hawser/base/time.hpp"

namespace hawser::linkem {

/// The properties of one direction of an emulated link. All of them may change while the link runs.
struct LinkParameters {
  double rate_mbps = 0;        ///< serialisation rate in 10^6 bit/s of IP packets; 0 = unlimited
  Duration delay{};            ///< propagation delay, one way
  Duration jitter{};           ///< how the delay varies: see normal_jitter
  bool normal_jitter = false;  ///< normal distribution with σ = jitter, cut off at 0; else uniform ± jitter
  double loss = 0;             ///< share of packets lost at random after serialisation, 0 to 1
  std::uint64_t queue_bytes = 0;  ///< bytes that may wait for serialisation (tail drop); 0 = no limit
  bool reorder = false;           ///< jitter may make packets overtake each other
  double late = 0;                ///< share of packets that arrive later than those sent after them, 0 to 1
  Duration late_by{};             ///< by how much those are late
  double police_mbps = 0;         ///< packets above this rate are dropped before they queue; 0 = no policer
  std::uint64_t police_burst = 15'000;  ///< bytes that may exceed the policer's rate at once
  bool codel = false;      ///< the queue is managed: CoDel drops packets, or marks them if they allow it
  bool bleach = false;     ///< clears the ECN field
  bool blackhole = false;  ///< drops everything silently
};

/// What happens to a packet.
enum class Fate : std::uint8_t { kDelivered, kQueueFull, kManaged, kPoliced, kLost, kBlackholed };

/// The result of LinkModel::offer().
struct Verdict {
  Fate fate;
  Timestamp departure;  ///< when its last bit is serialised; only valid for kDelivered
  Timestamp delivery;   ///< when the packet leaves the link; only valid for kDelivered
  bool marked = false;  ///< the packet must leave with a congestion mark (CE)
};

/// How a change of the rate moves the departure of packets that wait for serialisation.
struct RateChange {
  Timestamp time;  ///< when the rate changed
  double stretch;  ///< old rate / new rate

  /// The new departure of a packet that would have departed at `departure`.
  Timestamp moved(Timestamp departure) const;
};

/// One direction of a link: computes for each arriving packet whether and when it leaves. Owns the time at
/// which the serialiser is free, and its random numbers. Never holds packets, reads a clock or does I/O, so a
/// run can be replayed from its seed.
///
/// A packet departs at max(arrival, departure of its predecessor) + size / rate, and is delivered one delay
/// later. The bytes that have not departed are the queue. A packet lost at random has used its share of the
/// rate, as on a radio link. A policer is a token bucket in front of the queue.
class LinkModel {
 public:
  explicit LinkModel(std::uint64_t seed) : dice_(seed) {}

  /// Applies new parameters from `now` on. Waiting packets are serialised at the new rate: the caller, which
  /// holds them, moves them as the result says, and passes the last delivery to keep_order_after(). They keep
  /// their propagation delay.
  RateChange set(Timestamp now, const LinkParameters& parameters);

  /// Packets that must not overtake others are delivered no earlier than `delivery`.
  void keep_order_after(Timestamp delivery) { last_delivery_ = delivery; }

  /// A packet of `bytes` (IP length) arrives. Arrival times must not decrease. `markable`: it is ECN-capable.
  Verdict offer(Timestamp arrival, std::size_t bytes, bool markable = false);

  /// The bytes that wait for serialisation at `now`.
  std::uint64_t backlog(Timestamp now) const;

  const LinkParameters& parameters() const { return parameters_; }

 private:
  Duration serialisation_time(std::uint64_t bytes) const;
  Duration jittered_delay();
  bool chance(double probability);
  bool police(Timestamp arrival, std::size_t bytes);
  Verdict deliver();

  LinkParameters parameters_;
  std::mt19937_64 dice_;
  Timestamp busy_until_{};     ///< departure of the last accepted packet
  Timestamp last_delivery_{};  ///< keeps the order when jitter must not reorder
  Codel codel_;
  Timestamp full_at_{};  ///< when the policer's token bucket is full
};

}  // namespace hawser::linkem
