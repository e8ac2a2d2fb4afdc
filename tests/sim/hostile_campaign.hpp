#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace hawser::sim {

/// One run of a peer with a valid key that sends anything, drawn from its seed alone.
struct HostilePlan {
  std::uint64_t seed = 0;
  unsigned steps = 0;           ///< bursts against a hub that is measured
  std::size_t edges = 0;        ///< honest edges of the second hub
  Duration attack{};            ///< how long that hub is attacked
  Duration mean_pause{};        ///< between two bursts there
  bool reports_itself = false;  ///< the peer answers HEARTBEATs and acknowledges data, so that its paths work

  [[nodiscard]] std::string describe() const;
};
[[nodiscard]] HostilePlan make_hostile_plan(std::uint64_t seed);

/// Figures of one run, or their sum over a campaign; the "worst" are the highest of all runs.
struct HostileFigures {
  std::uint64_t packets = 0;  ///< of the hostile peer
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;     ///< to the hostile peer and to the addresses that it forges
  std::uint64_t associations = 0;  ///< that it began
  std::uint64_t messages = 0;      ///< of the honest edges
  double worst_cost =
      0;  ///< processor time of a burst of 20 packets or more, per packet: in ordinary packets
  std::int64_t worst_heap = 0;  ///< bytes that the measured hub held
  Duration worst_delay{};       ///< of an honest message
  Duration worst_call{};        ///< until a new call of an honest edge was up

  HostileFigures& operator+=(const HostileFigures& other);
};

/// The outcome of one run.
struct HostileResult {
  std::vector<std::string> violations;
  HostileFigures figures;
};

/// Timers as the daemon sets them, for an end that no run of losses ends.
[[nodiscard]] sctp::EndpointConfig hostile_config(bool accept);

/// Sends bursts of everything that can be sealed to a hub without other peers, and measures it. After each
/// burst it checks that
/// - its processor time is at most a multiple of that of as many ordinary packets; a burst above the limit is
///   a violation if it is above the limit in three more runs of the seed, too;
/// - the heap grows by at most a multiple of the bytes in, and stays below a limit in all;
/// - the bytes out are at most a multiple of the bytes in, apart from user data, and the bytes to an address
///   that the peer forges are at most three times those from there;
/// - the path events, from which log lines and hook runs follow, are bounded by time;
/// - the timers advance.
[[nodiscard]] HostileResult run_hostile_bursts(const HostilePlan& plan);

/// Lets the peer attack a hub with honest edges, and checks that
/// - every honest message arrives within kMaxDelay, and no honest association ends;
/// - honest edges renew their keys, and their new calls are up within kMaxCall;
/// - the hub sends nothing that WireMonitor forbids.
[[nodiscard]] HostileResult run_hostile_hub(const HostilePlan& plan, const Traces& traces);

/// Both of them.
[[nodiscard]] HostileResult run_hostile(const HostilePlan& plan, const Traces& traces);

}  // namespace hawser::sim
