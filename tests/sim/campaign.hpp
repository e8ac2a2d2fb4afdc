#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/bond.hpp"

namespace hawser::sim {

/// A change of the network or an action of a user, with its time after the start of the set-up.
struct Happening {
  enum class Kind : std::uint8_t {
    blackhole_begins,
    blackhole_ends,
    nat_port_rebinds,
    nat_address_rebinds,
    link_changes,
    path_added,
    path_removed,
    reader_pauses,  ///< of the hub, or of the edge when `uplink` is odd
    reader_resumes,
    mtu_changes,
  };
  Duration at{};
  Kind kind{};
  std::size_t uplink = 0;
  std::size_t hub_address = 0;
  LinkConfig link;  ///< for link_changes; its MTU for mtu_changes
};

/// How a scenario ends.
enum class Ending : std::uint8_t {
  edge_shuts_down,
  hub_shuts_down,
  both_shut_down,
  edge_aborts,
};

/// One random scenario, drawn from its seed alone.
struct Plan {
  std::uint64_t seed = 0;
  BondSpec bond;
  std::size_t first_uplink = 0;
  std::vector<Happening> happenings;
  std::vector<PlannedMessage> up;
  std::vector<PlannedMessage> down;
  Ending ending{};
  /// Shuts down right after the last message was sent, instead of when all have arrived.
  bool hasty = false;

  [[nodiscard]] std::string describe() const;
};

[[nodiscard]] Plan make_plan(std::uint64_t seed);

/// Figures of one run. Their sum over a campaign shows what the campaign covers.
struct RunFigures {
  std::uint64_t datagrams = 0;
  std::uint64_t lost = 0;
  std::uint64_t damaged = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t paths_joined = 0;
  std::uint64_t rebindings = 0;
  Duration simulated{};

  RunFigures& operator+=(const RunFigures& other);
};

/// The outcome of one run.
struct RunResult {
  std::vector<std::string> violations;
  RunFigures figures;
};

/// Runs the plan and checks every invariant; writes datagrams and packets to `traces`.
[[nodiscard]] RunResult run_plan(const Plan& plan, const Traces& traces);

}  // namespace hawser::sim
