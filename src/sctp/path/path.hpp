#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "hawser/base/datagram.hpp"
#include "hawser/base/strong.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/status.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/path/congestion/controller.hpp"
#include "sctp/path/pacer.hpp"
#include "sctp/path/path_state.hpp"
#include "sctp/path/pmtu/search.hpp"
#include "sctp/path/rate_cap.hpp"
#include "sctp/path/record_numbers.hpp"
#include "sctp/path/rtt_estimator.hpp"

namespace hawser::sctp::path {

/// Bytes that may go to an address the peer named (in an INIT ACK or a literal ASCONF) before anything came
/// from there: enough for a few HEARTBEATs.
inline constexpr std::uint64_t kNamedAddressCredit = 200;

/// No TSN: ends the per-path lists of outstanding chunks.
inline constexpr std::uint64_t kNoTsn = ~std::uint64_t{0};

/// Number of a packet with DATA on one path, in the order of sending, from 1. It is not on the wire.
using PacketNumber = Strong<struct PacketNumberTag, std::uint64_t>;

/// What is outstanding on one path, in the order it was sent there. The chunks themselves live in the
/// sender's ring; this is the path's share: list ends, packet numbers, loss detection.
struct PathFlight {
  std::size_t bytes = 0;          ///< user bytes in flight
  std::uint64_t oldest = kNoTsn;  ///< head of the list in send order
  std::uint64_t newest = kNoTsn;  ///< tail
  PacketNumber next_packet{1};    ///< number of the next packet with data on this path; never reused
  PacketNumber largest_acked;     ///< highest packet number of which a chunk was acknowledged
  PacketNumber recovery_end;  ///< losses of packets below this number belong to the reduction already made
  Timestamp loss_deadline = kNever;  ///< when the oldest chunk counts as lost by time (RACK)
  Timestamp t3 = kNever;             ///< T3-rtx
  Timestamp last_sent = Timestamp::min();

  /// What the SACK being processed acknowledges on this path.
  struct Acknowledged {
    std::size_t bytes = 0;
    std::size_t flight_before = 0;
    bool pseudo_cumulative = false;  ///< the oldest outstanding chunk was acknowledged (CUC)
    bool unambiguous = false;        ///< a chunk that was sent only once: it proves that the path works
    PacketSize largest = PacketSize::small;  ///< of the packets of such chunks
    Timestamp rtt_from = kNever;             ///< when the newest chunk sent only once had left
    /// When a chunk had left that was sent only once, was declared lost, and has arrived after all.
    Timestamp late_from = kNever;
  } acked;

  [[nodiscard]] bool in_recovery() const { return largest_acked < recovery_end; }
};

/// What one end tells the other of a path.
struct PathPreference {
  PathRole role = PathRole::always;
  std::uint64_t cap_bps = 0;  ///< send no more than this; 0: no cap
  bool operator==(const PathPreference&) const = default;
};

/// The heartbeat of a path (RFC 9260 §8.3): at most one is outstanding.
struct PathHeartbeat {
  Timestamp next = kNever;      ///< when the next one is due
  Timestamp deadline = kNever;  ///< when the outstanding one counts as unanswered
  Timestamp sent_at{};
  std::uint64_t nonce = 0;
  bool outstanding = false;
  unsigned unanswered = 0;         ///< in a row; acknowledged data does not reset it
  unsigned answered_in_a_row = 0;  ///< since the path failed
  bool probe_requested = false;    ///< send one now
  Duration interval{};             ///< between two on an idle path of ours; zero: not started
  Duration max_interval{};         ///< that the NAT's mapping is known to outlive, or not known not to
  Duration silence_before{};       ///< of the peer, when the last one left
  bool probe_forced = false;       ///< even if one is outstanding: it may have left by a way that is gone

  /// More than one loss: the path does not answer.
  [[nodiscard]] bool unresponsive() const { return unanswered >= 2; }
};

/// One local uplink times one remote UDP transport address. Owns all that is known of the way there.
struct Path {
  Path(PathId path_id, const Route& path_route, PathState initial, std::size_t peer_window,
       const EndpointConfig& config)
      : id(path_id),
        route(path_route),
        lifecycle(initial),
        pmtu(path_route.remote.ip, config),
        rtt(config),
        congestion(make_new_reno(pmtu.payload(), peer_window)) {}

  PathId id;
  Route route;
  PathLifecycle lifecycle;
  bool ours = false;  ///< we chose this route (connect, add_path); a learned one is the peer's
  PathRole own_role = PathRole::always;
  PathRole peer_role = PathRole::always;
  PathCaps own_caps;
  std::uint64_t peer_cap_bps = 0;  ///< what the peer wants us to send at most; 0: it does not care
  /// What the peer knows of our wishes; nothing: it has to be advertised once the path works.
  std::optional<PathPreference> advertised = PathPreference{};
  bool announced = false;     ///< an event path_up was given and no path_down since
  PathId replaces = kNoPath;  ///< only a candidate: the path that moves here when this address answers
  /// Of the newest record of the peer that arrived from this address.
  std::optional<RecordOrigin> peer_record;
  unsigned error_count = 0;
  Timestamp last_received = Timestamp::min();
  PmtuDiscovery pmtu;
  RttEstimator rtt;
  std::unique_ptr<CongestionController> congestion;
  Pacer pacer;
  RateCap cap;  ///< the lower of own_caps.upload_bps and peer_cap_bps
  PathFlight flight;
  PathHeartbeat heartbeat;
  /// Bytes received from / sent to the address while it was not proven; at most three times as much goes out.
  std::uint64_t unproven_received = 0;
  std::uint64_t unproven_sent = 0;
  RecordNumbers record;  ///< of a protected association
  PathCounters counters;

  [[nodiscard]] PathState state() const { return lifecycle.state(); }
  [[nodiscard]] bool proven() const { return lifecycle.proven(); }
  [[nodiscard]] PathRole role() const { return std::max(own_role, peer_role); }
  [[nodiscard]] PathPreference preference() const { return {own_role, own_caps.download_bps}; }
  /// When neither pacing nor a cap holds the next packet back.
  [[nodiscard]] Timestamp ready_at() const { return std::max(pacer.next(), cap.next()); }
  /// Size of the IP packet around a datagram of `payload` bytes.
  [[nodiscard]] std::size_t ip_size(std::size_t payload) const {
    constexpr std::size_t kUdpHeader = 8;
    return payload + kUdpHeader + (route.remote.ip.is_v6() ? 40 : 20);
  }
  /// Whether `bytes` more may go to the address: at most three times what came from there until it is proven
  /// (RFC 9000 §8.1 has the same limit).
  [[nodiscard]] bool within_amplification_limit(std::size_t bytes) const {
    constexpr std::uint64_t kAmplificationFactor = 3;
    return ours || proven() || unproven_sent + bytes <= kAmplificationFactor * unproven_received;
  }
  /// A datagram of `bytes` leaves on this path.
  void on_sent(Timestamp now, std::size_t bytes) {
    ++counters.datagrams_sent;
    counters.bytes_sent += bytes;
    if (!proven()) unproven_sent += bytes;
    cap.on_sent(now, ip_size(bytes));
  }
  /// A datagram of `bytes` that passed every check arrived on this path.
  void on_received(Timestamp now, std::size_t bytes) {
    ++counters.datagrams_received;
    counters.bytes_received += bytes;
    last_received = now;
    if (!proven()) unproven_received += bytes;
  }
  /// Pacing rate in bytes per second: twice the window per round trip while the window still doubles, 1.25
  /// times after, and not above it while losses are repaired: the queue that overflowed is still full.
  [[nodiscard]] double pacing_rate() const {
    const bool doubling = congestion->cwnd() < congestion->ssthresh();
    // After T3, retransmissions alone give no sample (Karn), and the smoothed round trip is still that of the
    // full queue: paced by it, the window would never fill, and so never grow.
    // Nor may one acknowledgement that somebody held back for long keep the next packets waiting as long.
    constexpr Duration kMaxSpread = std::chrono::seconds(1);
    const Duration measured = std::min(doubling ? rtt.min_rtt() : rtt.srtt(), kMaxSpread);
    const auto round_trip = static_cast<double>(measured.count()) * 1e-9;
    if (round_trip <= 0) return 0;
    const double gain = flight.in_recovery() ? 1.0 : doubling ? 2.0 : 1.25;
    return gain * static_cast<double>(congestion->cwnd()) / round_trip;
  }
};

}  // namespace hawser::sctp::path
