#pragma once

#include <cstdint>

#include "sctp/wire/sack.hpp"

namespace hawser::sctp::tx {

/// Follows what the NR-SACKs of the peer leave out (wire::SackCoverage, docs/protocol.md): whether a TSN that
/// none of them has reported is certain not to have arrived. Owns the number of the last NR-SACK of which
/// that was certain.
class SackCoverageTracker {
 public:
  /// A SACK or NR-SACK has arrived, that is not older than the ones before by its cumulative TSN.
  void on_sack(const wire::SackFields& sack) {
    switch (sack.coverage) {
      case wire::SackCoverage::unstated: certain_ = true; return;
      case wire::SackCoverage::complete: return be_certain_of(sack.number);
      case wire::SackCoverage::recent: break;
      case wire::SackCoverage::partial: certain_ = false; return;
    }
    const auto ahead = static_cast<std::int16_t>(sack.number - number_);
    if (ahead <= 0) return;             // it was overtaken
    constexpr std::int16_t kReach = 4;  // docs/protocol.md
    if (known_ && ahead <= kReach) return be_certain_of(sack.number);
    certain_ = false;
  }
  /// Whether what was not reported has not arrived by the time of the newest SACK.
  [[nodiscard]] bool certain() const { return certain_; }

 private:
  void be_certain_of(std::uint16_t number) {
    if (known_ && static_cast<std::int16_t>(number - number_) < 0) return;
    number_ = number;
    known_ = certain_ = true;
  }

  std::uint16_t number_ = 0;
  bool known_ = false;
  bool certain_ = true;
};

}  // namespace hawser::sctp::tx
