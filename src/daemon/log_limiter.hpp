#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/token_bucket.hpp"

namespace hawser::daemon {

/// Limits the log lines that a peer can cause: of each kind 20 at once, and then one in ten seconds. Owns the
/// number of suppressed lines; never writes.
class LogLimiter {
 public:
  /// Lines that look the same apart from their figures.
  struct Kind {
    std::size_t peer = 0;   ///< index of the peer, or any other number for all that are unknown
    std::string_view text;  ///< static text, such as "path added"
    friend auto operator<=>(const Kind&, const Kind&) = default;
  };
  /// Lines that were not written.
  struct Suppressed {
    Kind kind;
    std::uint64_t lines = 0;
  };

  /// Whether a line may be written now. Counts it otherwise.
  [[nodiscard]] bool admit(Timestamp now, const Kind& kind);
  /// The lines suppressed since the last report, of the kinds of which a line may be written now.
  [[nodiscard]] std::vector<Suppressed> take_suppressed(Timestamp now);

 private:
  struct Entry {
    TokenBucket lines;
    std::uint64_t suppressed = 0;
  };
  std::map<Kind, Entry> kinds_;  ///< at most one for each peer and text
};

}  // namespace hawser::daemon
