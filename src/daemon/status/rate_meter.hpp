#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "hawser/base/time.hpp"
#include "hawser/sctp/status.hpp"

namespace hawser::daemon::status {

/// Recent rates of one path.
struct PathRates {
  double tx_mbps = 0;
  double rx_mbps = 0;
  double loss_percent = 0;  ///< of the DATA chunks sent
};

/// Computes recent rates from counters that only grow. Owns the samples of every path, taken about once a
/// second by its user.
class RateMeter {
 public:
  static constexpr std::size_t kRateSamples = 2;   ///< rates cover this number of intervals
  static constexpr std::size_t kLossSamples = 10;  ///< loss covers this number of intervals

  /// Takes a sample of each path of the association.
  void sample(Timestamp now, const sctp::AssociationStatus& association);
  /// Deletes the samples of paths that were not sampled at `now`.
  void prune(Timestamp now);
  /// Zero for a path with fewer than two samples.
  [[nodiscard]] PathRates rates(sctp::AssociationId association, sctp::PathId path) const;

 private:
  /// Counters of a path at one time.
  struct Sample {
    Timestamp at{};
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t chunks_sent = 0;
    std::uint64_t chunks_lost = 0;
  };
  /// The latest samples of one path, in a ring.
  struct Track {
    std::array<Sample, kLossSamples + 1> samples{};
    std::size_t count = 0;  ///< samples taken
    [[nodiscard]] const Sample& back(std::size_t intervals) const;
  };

  std::map<std::pair<sctp::AssociationId, sctp::PathId>, Track> tracks_;
};

}  // namespace hawser::daemon::status
