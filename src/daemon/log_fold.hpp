#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/time.hpp"

namespace hawser::daemon {

/// Folds log lines that repeat: a text is due when it is new, and again after kInterval with the number of
/// times in between. Owns the texts; writes nothing, reads no clock.
class LogFold {
 public:
  /// Shortest time between two equal lines.
  static constexpr Duration kInterval = std::chrono::minutes(5);
  /// Texts that are remembered; the oldest is forgotten first.
  static constexpr std::size_t kMaxTexts = 8;

  /// Whether the line is to be written now: then how often it was left out since it was written last.
  [[nodiscard]] std::optional<std::size_t> note(Timestamp now, std::string_view text) {
    const auto known = std::ranges::find(lines_, text, &Line::text);
    if (known == lines_.end()) {
      if (lines_.size() == kMaxTexts) lines_.erase(std::ranges::min_element(lines_, {}, &Line::written));
      lines_.push_back({std::string(text), now, 0});
      return 0;
    }
    if (now - known->written < kInterval) {
      ++known->left_out;
      return std::nullopt;
    }
    known->written = now;
    return std::exchange(known->left_out, 0);
  }

  /// Forgets every text: the next line is new.
  void clear() { lines_.clear(); }

 private:
  struct Line {
    std::string text;
    Timestamp written;
    std::size_t left_out;
  };

  std::vector<Line> lines_;
};

/// " (120 more times)"; empty for 0.
[[nodiscard]] inline std::string fold_text(std::size_t left_out) {
  return left_out == 0 ? "" : " (" + std::to_string(left_out) + " more times since the last such line)";
}

}  // namespace hawser::daemon
