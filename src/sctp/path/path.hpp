#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "hawser/base/datagram.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/status.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/path/congestion_control.hpp"
#include "sctp/path/pacer.hpp"
#include "sctp/path/pmtu_discovery.hpp"
#include "sctp/path/rtt_estimator.hpp"
#include "sctp/protection/record_numbers.hpp"

namespace hawser::sctp {

/// Bytes that may go to an address the peer named (in an INIT ACK or a literal ASCONF) before anything came
/// from there: enough for a few HEARTBEATs.
inline constexpr std::uint64_t kNamedAddressCredit = 200;

/// No TSN: ends the per-path lists of outstanding chunks.
inline constexpr std::uint64_t kNoTsn = ~std::uint64_t{0};

/// What is outstanding on one path, in the order it was sent there. The chunks themselves live in the
/// sender's ring; this is the path's share: list ends, packet numbers, loss detection.
struct PathFlight {
  std::size_t bytes = 0;            ///< user bytes in flight
  std::uint64_t oldest = kNoTsn;    ///< head of the list in send order
  std::uint64_t newest = kNoTsn;    ///< tail
  std::uint64_t next_packet = 1;    ///< number of the next packet with data on this path; never reused
  std::uint64_t largest_acked = 0;  ///< highest packet number of which a chunk was acknowledged
  std::uint64_t recovery_end =
      0;  ///< losses of packets below this number belong to the reduction already made
  Timestamp loss_deadline = kNever;  ///< when the oldest chunk counts as lost by time (RACK)
  Timestamp t3 = kNever;             ///< T3-rtx
  Timestamp last_sent = Timestamp::min();

  /// What the SACK being processed acknowledges on this path.
  struct Acknowledged {
    std::size_t bytes = 0;
    std::size_t flight_before = 0;
    bool pseudo_cumulative = false;  ///< the oldest outstanding chunk was acknowledged (CUC)
    bool unambiguous = false;        ///< a chunk that was sent only once: it proves that the path works
    bool large = false;              ///< such a chunk, of a packet larger than the path would fall back to
    Timestamp rtt_from = kNever;     ///< when the newest chunk sent only once had left
  } acked;

  [[nodiscard]] bool in_recovery() const { return largest_acked < recovery_end; }
};

/// The heartbeat of a path (RFC 9260 §8.3): at most one is outstanding.
struct PathHeartbeat {
  Timestamp next = kNever;      ///< when the next one is due
  Timestamp deadline = kNever;  ///< when the outstanding one counts as unanswered
  Timestamp sent_at{};
  std::uint64_t nonce = 0;
  bool outstanding = false;
  unsigned unanswered = 0;  ///< in a row; acknowledged data does not reset it
  bool wanted = false;      ///< send one now
};

/// One local uplink times one remote UDP transport address. Owns all that is known of the way there.
struct Path {
  Path(PathId path_id, const Route& path_route, std::size_t peer_window, const EndpointConfig& config)
      : id(path_id),
        route(path_route),
        pmtu(path_route.remote.ip, config),
        rtt(config),
        congestion(make_new_reno(pmtu.payload(), peer_window)) {}

  PathId id;
  Route route;
  PathState state = PathState::unconfirmed;
  bool ours = false;  ///< we chose this route (connect, add_path); a learned one is the peer's
  PathRole own_role = PathRole::always;
  PathRole peer_role = PathRole::always;
  PathRole told_role = PathRole::always;  ///< what the peer knows of own_role
  bool announced = false;                 ///< an event path_up was given and no path_down since
  PathId replaces = kNoPath;  ///< only a candidate: the path that moves here when this address answers
  /// Epoch and path id of the newest records of the peer that came from here.
  std::optional<std::pair<std::uint8_t, std::uint8_t>> peer_record;
  unsigned error_count = 0;
  Timestamp last_received = Timestamp::min();
  PmtuDiscovery pmtu;
  RttEstimator rtt;
  std::unique_ptr<CongestionControl> congestion;
  Pacer pacer;
  PathFlight flight;
  PathHeartbeat heartbeat;
  /// Bytes received from / sent to the address while it was not proven; at most three times as much goes out.
  std::uint64_t unproven_received = 0;
  std::uint64_t unproven_sent = 0;
  RecordNumbers record;  ///< of a protected association
  PathCounters counters;

  [[nodiscard]] bool proven() const { return state != PathState::joining && state != PathState::unconfirmed; }
  [[nodiscard]] PathRole role() const { return std::max(own_role, peer_role); }
  [[nodiscard]] std::size_t window_room() const {
    const std::size_t cwnd = congestion->cwnd();
    return cwnd > flight.bytes ? cwnd - flight.bytes : 0;
  }
  /// Pacing rate in bytes per second: twice the window per round trip while the window still doubles, 1.25
  /// times after, and not above it while losses are repaired: the queue that overflowed is still full.
  [[nodiscard]] double pacing_rate() const {
    const bool doubling = congestion->cwnd() < congestion->ssthresh();
    // After T3, retransmissions alone give no sample (Karn), and the smoothed round trip is still that of the
    // full queue: paced by it, the window would never fill, and so never grow.
    // Nor may one acknowledgement that somebody held back for long keep the next packets waiting as long.
    constexpr Duration kLongestSpread = std::chrono::seconds(1);
    const Duration measured = std::min(doubling ? rtt.least() : rtt.srtt(), kLongestSpread);
    const auto round_trip = static_cast<double>(measured.count()) * 1e-9;
    if (round_trip <= 0) return 0;
    const double gain = flight.in_recovery() ? 1.0 : doubling ? 2.0 : 1.25;
    return gain * static_cast<double>(congestion->cwnd()) / round_trip;
  }
};

}  // namespace hawser::sctp
