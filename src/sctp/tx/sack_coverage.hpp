#pragma once

#include <cstdint>

#include "sctp/wire/sack.hpp"

namespace hawser::sctp::tx {

/// Follows what the NR-SACKs of the peer leave out (wire::SackCoverage, docs/protocol.md): whether a TSN that
/// none of them has reported is certain not to have arrived. Owns the number of the last NR-SACK of which
/// that was certain, and that of the newest one.
class SackCoverageTracker {
 public:
  /// A SACK or NR-SACK has arrived, that is not older than the ones before by its cumulative TSN.
  void on_sack(const wire::SackFields& sack) {
    if (sack.coverage == wire::SackCoverage::unstated) {
      certain_ = true;
      return;
    }
    const int ahead = seen_ ? distance(newest_, sack.number) : 1;
    if (ahead > 0) newest_ = sack.number;
    seen_ = true;
    if (sack.coverage == wire::SackCoverage::partial) {
      partial_ |= ahead >= 0;
    } else {
      if (ahead > 0) partial_ = false;
      if (sack.coverage == wire::SackCoverage::complete || in_reach(sack.number)) be_certain_of(sack.number);
      // The newest one may have overtaken this one, and may report all that arrived after it.
      if (!partial_ && in_reach(newest_)) number_ = newest_;
    }
    certain_ = known_ && number_ == newest_ && !partial_;
  }
  /// Whether what was not reported has not arrived by the time of the newest SACK.
  [[nodiscard]] bool certain() const { return certain_; }

 private:
  // Numbers from `from` to `to`; negative: `to` is older.
  static int distance(std::uint16_t from, std::uint16_t to) { return static_cast<std::int16_t>(to - from); }
  // Whether a recent one with this number reports all that arrived after the one that is certain.
  [[nodiscard]] bool in_reach(std::uint16_t number) const {
    constexpr int kReach = 4;  // docs/protocol.md
    const int ahead = distance(number_, number);
    return known_ && ahead > 0 && ahead <= kReach;
  }
  void be_certain_of(std::uint16_t number) {
    if (!known_ || distance(number_, number) > 0) number_ = number;
    known_ = true;
  }

  std::uint16_t number_ = 0;
  std::uint16_t newest_ = 0;
  bool known_ = false;    ///< `number_` is valid
  bool seen_ = false;     ///< `newest_` is valid
  bool partial_ = false;  ///< a partial one has followed the newest one that was not
  bool certain_ = true;
};

}  // namespace hawser::sctp::tx
