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
#include "sctp/path/ecn.hpp"
#include "sctp/path/pacer.hpp"
#include "sctp/path/path_state.hpp"
#include "sctp/path/pmtu/search.hpp"
#include "sctp/path/rate_cap.hpp"
#include "sctp/path/record_numbers.hpp"
#include "sctp/path/rtt_estimator.hpp"

namespace hawser::sctp::path {

/// Bytes that may be sent to an address that the peer listed (in an INIT ACK or a literal ASCONF) before a
/// packet came from there: enough for a few HEARTBEATs.
inline constexpr std::uint64_t kNamedAddressCredit = 200;

/// No TSN; the end of the per-path lists of outstanding chunks.
inline constexpr std::uint64_t kNoTsn = ~std::uint64_t{0};

/// Number of a packet with DATA on one path, in the order of sending, from 1. It is not on the wire.
using PacketNumber = Strong<struct PacketNumberTag, std::uint64_t>;

/// The chunks in flight on one path, in the order they were sent there. Owns the ends of their list, the
/// packet numbers and the state of loss detection; tx::Outstanding owns the chunks.
struct PathFlight {
  std::size_t bytes = 0;                   ///< user bytes in flight
  std::uint64_t oldest = kNoTsn;           ///< head of the list in send order
  std::uint64_t newest = kNoTsn;           ///< tail
  PacketNumber next_packet{1};             ///< of the next packet with DATA; never reused
  PacketNumber largest_acked;              ///< highest number of a packet with an acknowledged chunk
  PacketNumber recovery_end;               ///< losses of packets below it count for the last window reduction
  Timestamp loss_deadline = kNever;        ///< when the oldest chunk counts as lost by time (RACK)
  Timestamp t3 = kNever;                   ///< T3-rtx
  Timestamp last_sent = Timestamp::min();  ///< when the newest packet with DATA left
  Timestamp last_acked = Timestamp::min();  ///< when a chunk that was sent once, here, was last acknowledged

  /// What the SACK that is being processed acknowledges on this path.
  struct Acknowledged {
    std::size_t bytes = 0;                   ///< user bytes
    std::size_t flight_before = 0;           ///< PathFlight::bytes before the SACK
    bool pseudo_cumulative = false;          ///< the oldest outstanding chunk was acknowledged (CUC)
    bool unambiguous = false;                ///< a chunk that was sent once: the path works
    PacketSize largest = PacketSize::small;  ///< of the packets of chunks that were sent once
    Timestamp rtt_from = kNever;             ///< when the newest chunk that was sent once left
    /// When a chunk left that was sent once, was declared lost, and arrived late.
    Timestamp late_from = kNever;
  } acked;

  /// Whether losses before the last window reduction are still being repaired.
  [[nodiscard]] bool in_recovery() const { return largest_acked < recovery_end; }
};

/// What one end advertises to the other for a path.
struct PathPreference {
  PathRole role = PathRole::always;
  std::uint64_t cap_bps = 0;  ///< the most that the other end may send, bits per second; 0: no cap
  /// Whether role and cap are equal.
  bool operator==(const PathPreference&) const = default;
};

/// State of the HEARTBEATs of a path (RFC 9260 §8.3). At most one is outstanding; answers to the ones before
/// it that come late count as well, because the round trip may have grown.
struct PathHeartbeat {
  /// A HEARTBEAT that was sent.
  struct Sent {
    std::uint64_t nonce = 0;
    Timestamp at = Timestamp::min();  ///< min: none, or its answer no longer counts
  };
  Timestamp next = kNever;           ///< when the next one is due
  Timestamp deadline = kNever;       ///< when the outstanding one counts as unanswered
  Timestamp sent_at{};               ///< when the newest one left
  unsigned repeats = 0;              ///< of one that was not answered, while the path worked in one direction
  Timestamp waiting_since{};         ///< when the first of those left
  std::array<Sent, 8> recent{};      ///< a ring
  std::size_t newest = 0;            ///< position in the ring
  Timestamp answered_from{};         ///< when the one left that was answered last
  bool outstanding = false;          ///< the newest one is not answered
  unsigned unanswered = 0;           ///< in a row; acknowledged data does not reset it
  unsigned answered_in_a_row = 0;    ///< since the path failed
  unsigned repeated_after_move = 0;  ///< since the own address of the path changed
  bool probe_requested = false;      ///< send one now
  Duration interval{};               ///< between two on an idle path that this end chose; zero: not started
  Duration max_interval{};           ///< longest interval that is not known to lose the NAT's mapping
  Duration silence_before{};         ///< how long the peer was silent when the last one left

  /// No longer waits for the outstanding one.
  void stop_waiting() {
    outstanding = false;
    deadline = kNever;
  }
  /// Whether the path does not answer: one unanswered HEARTBEAT may be a chance loss, two are not.
  [[nodiscard]] bool unresponsive() const { return unanswered >= 2; }
};

/// A path: one local socket and address, and one remote UDP address. Owns all state of the path except its
/// chunks. Never sends.
struct Path {
  /// `peer_window`, in bytes, is the first slow start threshold.
  Path(PathId path_id, const Route& path_route, PathState initial, std::size_t peer_window,
       const EndpointConfig& config)
      : id(path_id),
        route(path_route),
        lifecycle(initial),
        pmtu(path_route.remote.ip, config),
        rtt(config),
        ecn(config.ecn),
        congestion(make_new_reno(pmtu.payload(), peer_window)) {}

  PathId id;
  Route route;
  PathLifecycle lifecycle;
  bool ours = false;  ///< this end chose the route (connect, add_path); otherwise the peer did
  PathRole own_role = PathRole::always;   ///< as the application set it
  PathRole peer_role = PathRole::always;  ///< as the peer advertised it
  PathCaps own_caps;                      ///< as the application set them
  std::uint64_t peer_cap_bps = 0;         ///< highest rate that the peer accepts, bits per second; 0: no cap
  /// The preference that the peer received last; nothing: one is to be sent once the path works.
  std::optional<PathPreference> advertised = PathPreference{};
  bool announced = false;     ///< the last event was path_up, not path_down
  bool moving = false;        ///< the own address has changed, and the peer has not answered there yet
  PathId replaces = kNoPath;  ///< of a candidate: the path that migrates here when this address answers
  /// Epoch and path id of the newest record that arrived from this address.
  std::optional<RecordOrigin> peer_record;
  unsigned error_count = 0;                    ///< consecutive errors (RFC 9260 §8.2)
  Timestamp last_received = Timestamp::min();  ///< the newest packet
  Timestamp last_transfer = Timestamp::min();  ///< the newest packet with new DATA or acknowledgements
  PmtuDiscovery pmtu;
  RttEstimator rtt;
  EcnValidation ecn;
  std::unique_ptr<CongestionController> congestion;
  Pacer pacer;
  RateCap cap;  ///< the lower of own_caps.upload_bps and peer_cap_bps
  PathFlight flight;
  PathHeartbeat heartbeat;
  std::uint64_t unproven_received = 0;  ///< bytes received before the address was validated
  std::uint64_t unproven_sent = 0;      ///< bytes sent before the address was validated
  RecordNumbers record;                 ///< numbers of the records sent here, in a protected association
  PathCounters counters;

  /// The state of the lifecycle.
  [[nodiscard]] PathState state() const { return lifecycle.state(); }
  /// Whether the address was validated: the peer answered from there.
  [[nodiscard]] bool proven() const { return lifecycle.proven(); }
  /// The role that counts: the less preferred of both ends' roles.
  [[nodiscard]] PathRole role() const { return std::max(own_role, peer_role); }
  /// Begins again with what a new path knows of its network, because the path leads through another one now
  /// (RFC 9000 §9.4). The data in flight was declared lost before. The packet size stays until it is
  /// verified.
  void restart(const EndpointConfig& config, std::size_t peer_window) {
    rtt = RttEstimator(config);
    congestion = make_new_reno(pmtu.payload(), peer_window);
    pacer = {};
    ecn.restart();
    flight.recovery_end = {};
    pmtu.on_moved();
  }
  /// The route of a path goes on to the remote address of `newer`. A wildcard as local address stays, so that
  /// the kernel chooses the address even after that of the uplink has changed.
  void follow(const Route& newer) {
    const bool wildcard = route.local.is_wildcard() && route.socket == newer.socket &&
                          route.remote.ip.is_v4() == newer.remote.ip.is_v4();
    const IpAddress local = wildcard ? route.local : newer.local;
    route = newer;
    route.local = local;
  }
  /// What this end advertises for the path.
  [[nodiscard]] PathPreference preference() const { return {own_role, own_caps.download_bps}; }
  /// When pacing and cap permit the next packet.
  [[nodiscard]] Timestamp ready_at() const { return std::max(pacer.next(), cap.next()); }
  /// Size of the IP packet around a datagram of `payload` bytes.
  [[nodiscard]] std::size_t ip_size(std::size_t payload) const {
    constexpr std::size_t kUdpHeader = 8;
    return payload + kUdpHeader + (route.remote.ip.is_v6() ? 40 : 20);
  }
  /// Whether `bytes` more may be sent to the address: until it is validated, at most three times the bytes
  /// received from there (as RFC 9000 §8.1).
  [[nodiscard]] bool within_amplification_limit(std::size_t bytes) const {
    constexpr std::uint64_t kAmplificationFactor = 3;
    return ours || proven() || unproven_sent + bytes <= kAmplificationFactor * unproven_received;
  }
  /// A datagram of `bytes` bytes leaves on this path.
  void on_sent(Timestamp now, std::size_t bytes) {
    ++counters.datagrams_sent;
    counters.bytes_sent += bytes;
    if (!proven()) unproven_sent += bytes;
    cap.on_sent(now, ip_size(bytes));
  }
  /// An authentic datagram of `bytes` bytes arrived on this path.
  void on_received(Timestamp now, std::size_t bytes) {
    ++counters.datagrams_received;
    counters.bytes_received += bytes;
    last_received = now;
    if (!proven()) unproven_received += bytes;
  }
  /// Pacing rate in bytes per second. Per round trip: twice the window in slow start, 1.25 times the window
  /// after it, and one window while losses are repaired, because the queue that overflowed is still full.
  [[nodiscard]] double pacing_rate() const {
    const bool doubling = congestion->cwnd() < congestion->ssthresh();
    // In slow start the lowest round trip: after T3, retransmissions give no sample (Karn), and the smoothed
    // round trip is still that of the full queue; paced by it, the window would never fill and never grow.
    // The limit keeps one acknowledgement that was delayed for long from delaying the next packets as long.
    constexpr Duration kMaxSpread = std::chrono::seconds(1);
    const Duration measured = std::min(doubling ? rtt.min_rtt() : rtt.srtt(), kMaxSpread);
    const auto round_trip = static_cast<double>(measured.count()) * 1e-9;
    if (round_trip <= 0) return 0;
    const double gain = flight.in_recovery() ? 1.0 : doubling ? 2.0 : 1.25;
    return gain * static_cast<double>(congestion->cwnd()) / round_trip;
  }
};

}  // namespace hawser::sctp::path
