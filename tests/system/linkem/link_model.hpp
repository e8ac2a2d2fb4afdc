#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "hawser/base/time.hpp"

namespace hawser::linkem {

/// What one direction of an emulated link does to the packets that enter it. All of it may change while the
/// link runs.
struct LinkParameters {
  double rate_mbps = 0;           ///< serialisation rate in 10^6 bit/s of IP packets; 0 = infinitely fast
  Duration delay{};               ///< propagation delay, one way
  Duration jitter{};              ///< delay varies uniformly within ± jitter
  double loss = 0;                ///< share of packets lost at random after serialisation, 0 to 1
  std::uint64_t queue_bytes = 0;  ///< bytes that may wait for serialisation (tail drop); 0 = no limit
  bool reorder = false;           ///< jitter may let packets overtake each other
  bool blackhole = false;         ///< swallow everything, silently
};

enum class Fate : std::uint8_t { kDelivered, kQueueFull, kLost, kBlackholed };

struct Verdict {
  Fate fate;
  Timestamp delivery;  ///< when the packet leaves the link; meaningful for kDelivered only
};

/// One direction of a link: given arrivals, says whether and when each packet leaves. It owns the
/// serialiser's clock and the dice; it never holds packets, reads a clock or does I/O, so a run replays from
/// its seed.
///
/// A packet departs at max(arrival, departure of its predecessor) + size / rate and is delivered one delay
/// later. The bytes that have not departed yet are the queue. A packet lost at random has still used its
/// share of the rate, as on a radio link.
class LinkModel {
 public:
  explicit LinkModel(std::uint64_t seed) : dice_(seed) {}

  /// New parameters from `now` on. What waits for serialisation is served at the new rate as seen by later
  /// packets; packets already accepted keep the delivery time they were given.
  void set(Timestamp now, const LinkParameters& parameters);

  /// A packet of `bytes` (IP length) enters. Arrivals must not go back in time.
  Verdict offer(Timestamp arrival, std::size_t bytes);

  /// Bytes still waiting for serialisation at `now`.
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
