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
#include "sctp/path/congestion/factory.hpp"
#include "sctp/path/ecn.hpp"
#include "sctp/path/flight.hpp"
#include "sctp/path/one_way_delay.hpp"
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
  /// `peer_window`, in bytes, bounds the first slow start of a window-based controller. `group` has the
  /// coupled paths of the association, and outlives the path.
  Path(PathId path_id, const Route& path_route, PathState initial, std::size_t peer_window,
       const EndpointConfig& config, CouplingGroup& group)
      : id(path_id),
        route(path_route),
        lifecycle(initial),
        pmtu(path_route.remote.ip, config),
        rtt(config),
        ecn(config.ecn),
        coupling(group),
        algorithm(config.congestion),
        congestion(make_controller(algorithm, pmtu.size(), peer_window, group)) {}

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
  OneWayDelay delay;
  CouplingGroup& coupling;
  CongestionControl algorithm;  ///< of `congestion`
  std::unique_ptr<CongestionController> congestion;
  Timestamp helps_until = Timestamp::min();  ///< until when the scheduler uses it beside faster paths
  Timestamp waits_until = Timestamp::min();  ///< until when it does not
  /// Bytes that faster paths deliver before a packet arrives that leaves here now; the scheduler sets it.
  std::size_t lead = 0;
  std::uint32_t weight = 1;  ///< for the weighted scheduling
  /// The path's part in the weighted scheduling.
  struct Share {
    std::uint64_t seen = 0;  ///< counters.bytes_sent when it was last looked at
    double credit = 0;       ///< bytes that the path is behind its part
  } share;
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
    delay = {};
    flight.reorder = {};
    restart_congestion(peer_window);
    pacer = {};
    ecn.restart();
    flight.recovery_end = {};
    pmtu.on_moved();
  }
  /// Begins again with the initial window.
  void restart_congestion(std::size_t peer_window) {
    congestion = make_controller(algorithm, pmtu.size(), peer_window, coupling);
  }
  /// From now on `control` decides. Another algorithm than before begins with the initial window, and its
  /// slow start leads to the window of its predecessor.
  void control_congestion_by(CongestionControl control) {
    if (control == algorithm) return;
    algorithm = control;
    restart_congestion(std::max(congestion->cwnd(), congestion->ssthresh()));
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
  /// A datagram of `bytes` bytes with DATA leaves on this path, after on_sent(). `record_key`: of its record;
  /// `burst`: the most bytes that leave at once.
  void on_data_sent(Timestamp now, std::size_t bytes, std::uint64_t record_key, std::size_t burst) {
    const std::size_t size = ip_size(bytes);
    flight.on_sent(now, size, record_key);
    congestion->on_sent(now, size, flight.bytes);
    pacer.on_sent(now, size, pacing_rate(), burst);
  }
  /// Pacing rate in bytes per second; 0: no limit. Before the first acknowledgement the initial window is
  /// spread over half of the round trip that a HEARTBEAT has measured.
  [[nodiscard]] double pacing_rate() const {
    const double rate = congestion->pacing_rate();
    if (rate > 0 || !rtt.measured()) return rate;
    return 2e9 * static_cast<double>(congestion->cwnd()) / static_cast<double>(rtt.srtt().count());
  }
  /// An authentic datagram of `bytes` bytes arrived on this path.
  void on_received(Timestamp now, std::size_t bytes) {
    ++counters.datagrams_received;
    counters.bytes_received += bytes;
    last_received = now;
    if (!proven()) unproven_received += bytes;
  }
};

}  // namespace hawser::sctp::path
