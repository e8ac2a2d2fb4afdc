#pragma once

#include <array>
#include <cstdint>

#include "sim/sweep/profiles.hpp"
#include "sim/sweep/testbed.hpp"

namespace hawser::sim::sweep {

enum class Direction : std::uint8_t { down, up, both };
enum class Transport : std::uint8_t { tcp, quic };

/// One measurement.
struct RunPlan {
  const Profile* profile = nullptr;
  Direction direction = Direction::down;
  Transport transport = Transport::tcp;
  unsigned flows = 1;
  std::uint64_t seed = 1;
  double seconds = 10;    ///< from the cold start of the flows
  double warmup = 2;      ///< seconds before the window that is measured
  int link = -1;          ///< only this link; negative: all
  bool tunnel = true;     ///< false: the inner flows use the link without a tunnel
  bool probes = true;     ///< ping and UDP beside the flows
  bool ecn = false;       ///< the inner TCP uses ECN
  double blackhole = -1;  ///< seconds after which the first link becomes a blackhole; negative: never
  double cost = 20;       ///< microseconds of processor time for each packet into a tunnel
  TunnelChanges changes;  ///< of the tunnel
  bool timeline = false;  ///< print what happens in each tenth of a second
};

/// Its figures, in Mbit/s, ms, and shares of 1. A plain struct, which passes between processes as bytes.
struct RunResult {
  static constexpr std::size_t kLinks = 4;
  bool established = false;
  double rate = 0;           ///< of the data that arrived in the window, of the direction (both: down)
  double rate_up = 0;        ///< both: up
  double share_of_best = 0;  ///< of what headers leave of all links
  double start = 0;          ///< ms until 80 % of the rate is reached; negative: never
  double idle = 0;           ///< ping before the flows begin
  double ping_median = 0;    ///< above idle
  double ping_99 = 0;
  double ping_most = 0;
  double ping_loss = 0;
  double udp_idle = 0;
  double udp_median = 0;  ///< above idle
  double udp_99 = 0;
  double udp_loss = 0;
  double longest_gap = 0;               ///< between UDP packets
  double longest_pause = 0;             ///< of the data of a flow, if longer than 20 ms
  std::array<double, kLinks> shares{};  ///< of the bytes that the links delivered
  double inner_again = 0;               ///< retransmissions of the inner flows, of all they sent
  double inner_timeouts = 0;
  double outer_again = 0;  ///< retransmitted DATA chunks, of all sent
  double outer_timeouts = 0;
  double spurious = 0;     ///< duplicate TSNs, of all DATA chunks
  double ack_bytes = 0;    ///< bytes of the return links, of those of the forward links
  double queue_drops = 0;  ///< packets that the tunnel dropped
  double path_failures = 0;
  double violations = 0;  ///< of the simulator's checks
  double wall = 0;        ///< seconds of real time
};

[[nodiscard]] RunResult run(const RunPlan& plan);

}  // namespace hawser::sim::sweep
