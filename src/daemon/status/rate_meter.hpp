#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "hawser/base/time.hpp"
#include "hawser/sctp/status.hpp"

namespace hawser::daemon::status {

struct PathRates {
  double tx_mbps = 0;
  double rx_mbps = 0;
  double loss_percent = 0;
};

/// Turns counters that only grow into recent rates: takes a sample of every path about once a second. Owns
/// the samples; never asks for them itself.
class RateMeter {
 public:
  static constexpr std::size_t kRateSamples = 2;   ///< rates are over this many intervals
  static constexpr std::size_t kLossSamples = 10;  ///< loss is over this many

  void sample(Timestamp now, const sctp::AssociationStatus& association);
  /// Forgets paths that were not sampled at `now`.
  void prune(Timestamp now);
  [[nodiscard]] PathRates rates(sctp::AssociationId association, sctp::PathId path) const;

 private:
  struct Sample {
    Timestamp at{};
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t chunks_sent = 0;
    std::uint64_t chunks_lost = 0;
  };
  struct Track {
    std::array<Sample, kLossSamples + 1> samples{};
    std::size_t count = 0;
    [[nodiscard]] const Sample& back(std::size_t intervals) const;
  };

  std::map<std::pair<sctp::AssociationId, sctp::PathId>, Track> tracks_;
};

}  // namespace hawser::daemon::status
