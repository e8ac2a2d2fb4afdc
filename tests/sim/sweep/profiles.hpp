#pragma once

#include <string_view>
#include <vector>

#include "sim/bond.hpp"

namespace hawser::sim::sweep {

/// One direction of a link.
struct Line {
  double rate = 0;       ///< Mbit/s
  double delay = 0;      ///< ms
  double deviation = 0;  ///< ms, standard deviation of the delay, without reordering
  double loss = 0;       ///< per cent
  double queue = 0;      ///< ms at the rate; 0: 100 ms, or one round trip if that is more
  double policer = 0;    ///< Mbit/s; 0: none
};

/// A link; `up` is as `down` where it has no rate.
struct Lines {
  Line down;
  Line up{};
};

/// A named set of links.
struct Profile {
  std::string_view name;
  std::vector<Lines> links;
  bool reorders = false;  ///< the deviations of the delays reorder packets
  bool varying = false;   ///< every 2 s each link gets another rate between 5 and 60 Mbit/s, from the seed
};

/// All profiles, in the order of tests/bench/sweep.
[[nodiscard]] const std::vector<Profile>& profiles();
/// Null: there is no such profile.
[[nodiscard]] const Profile* find_profile(std::string_view name);

[[nodiscard]] UplinkSpec uplink_of(const Profile& profile, std::size_t link);
/// Bytes of the queue of a line at this rate in bit/s.
[[nodiscard]] std::size_t queue_bytes(const Line& line, double rate);
[[nodiscard]] const Line& line_of(const Lines& lines, bool download);
/// Mbit/s that one direction of the link carries in the long run.
[[nodiscard]] double capacity_of(const Line& line);

}  // namespace hawser::sim::sweep
