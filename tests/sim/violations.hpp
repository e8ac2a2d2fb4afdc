#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "hawser/base/time.hpp"
#include "sim/event_queue.hpp"

namespace hawser::sim {

/// The violated invariants, as text. All checkers add to it; a test asserts that it is empty. Keeps at most
/// 20 entries.
class Violations {
 public:
  void add(Timestamp now, const std::string& what) {
    if (list_.size() == kMaxKept) return;  // one fault tends to cause many violations
    char when[32];
    std::snprintf(when, sizeof when, "%12.6f  ", seconds(now));
    list_.push_back(when + what);
  }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const std::string& line : list_) all += line + "\n";
    return all;
  }
  /// Simulated seconds since the start.
  static double seconds(Timestamp now) {
    return std::chrono::duration<double>(now - EventQueue::kStart).count();
  }

 private:
  static constexpr std::size_t kMaxKept = 20;
  std::vector<std::string> list_;
};

}  // namespace hawser::sim
