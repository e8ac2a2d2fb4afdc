#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "hawser/base/time.hpp"

namespace hawser::linkem {

/// The properties of one direction of an emulated link. All of them may change while the link runs.
struct LinkParameters {
  double rate_mbps = 0;           ///< serialisation rate in 10^6 bit/s of IP packets; 0 = unlimited
  Duration delay{};               ///< propagation delay, one way
  Duration jitter{};              ///< the delay varies uniformly within ± jitter
  double loss = 0;                ///< share of packets lost at random after serialisation, 0 to 1
  std::uint64_t queue_bytes = 0;  ///< bytes that may wait for serialisation (tail drop); 0 = no limit
  std::uint64_t mark_bytes = 0;   ///< ECN-capable packets are marked while more bytes wait; 0 = never
  bool bleach = false;            ///< clears the ECN field
  bool reorder = false;           ///< jitter may make packets overtake each other
  bool blackhole = false;         ///< drops everything silently
};

/// What happens to a packet.
enum class Fate : std::uint8_t { kDelivered, kQueueFull, kLost, kBlackholed };

/// The result of LinkModel::offer().
struct Verdict {
  Fate fate;
  Timestamp delivery;  ///< when the packet leaves the link; only valid for kDelivered
  bool mark = false;   ///< the queue is long: the packet is to be marked if it is ECN-capable
};

/// One direction of a link: computes for each arriving packet whether and when it leaves. Owns the time at
/// which the serialiser is free, and its random numbers. Never holds packets, reads a clock or does I/O, so a
/// run can be replayed from its seed.
///
/// A packet departs at max(arrival, departure of its predecessor) + size / rate, and is delivered one delay
/// later. The bytes that have not departed are the queue. A packet lost at random has used its share of the
/// rate, as on a radio link.
class LinkModel {
 public:
  explicit LinkModel(std::uint64_t seed) : dice_(seed) {}

  /// Applies new parameters from `now` on. Bytes that wait for serialisation count at the new rate for later
  /// packets; accepted packets keep their delivery time.
  void set(Timestamp now, const LinkParameters& parameters);

  /// A packet of `bytes` (IP length) arrives. Arrival times must not decrease.
  Verdict offer(Timestamp arrival, std::size_t bytes);

  /// The bytes that wait for serialisation at `now`.
  std::uint64_t backlog(Timestamp now) const;

  const LinkParameters& parameters() const { return parameters_; }

 private:
  Duration serialisation_time(std::uint64_t bytes) const;
  Duration jittered_delay();
  bool chance(double probability);

  LinkParameters parameters_;
  std::mt19937_64 dice_;
  Timestamp busy_until_{};     ///< departure of the last accepted packet
  Timestamp last_delivery_{};  ///< keeps the order when jitter must not reorder
};

}  // namespace hawser::linkem
