#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// Windows and round trips of the paths of one association whose controllers are coupled. Owns a slot for
/// each of them; changes no window. Never allocates but in join().
class CouplingGroup {
 public:
  CouplingGroup() = default;
  CouplingGroup(const CouplingGroup&) = delete;
  CouplingGroup& operator=(const CouplingGroup&) = delete;

  /// The place of one controller in the group, from its construction to its end. The group outlives it.
  class Member {
   public:
    explicit Member(CouplingGroup& group) : group_(group), slot_(group.join()) {}
    ~Member() { group_.slots_[slot_].used = false; }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    /// The path was acknowledged at `now`; its window is in bytes.
    void update(Timestamp now, std::size_t window, Duration srtt) {
      Slot& slot = group_.slots_[slot_];
      slot.acked_at = now;
      slot.window = static_cast<double>(window);
      slot.rtt = std::chrono::duration<double>(srtt).count();
    }

   private:
    CouplingGroup& group_;
    std::size_t slot_;
  };

  /// Sums over the paths that carry data.
  struct Totals {
    double window = 0;  ///< bytes
    double rate = 0;    ///< sum of window / round trip, bytes per second
    double best = 0;    ///< maximum of window / round trip², bytes per second²
  };
  /// A path counts while it is acknowledged: one that is idle or failed takes nothing from the others.
  [[nodiscard]] Totals totals(Timestamp now) const {
    constexpr Duration kRecent = std::chrono::seconds(1);
    Totals sum;
    for (const Slot& slot : slots_) {
      if (!slot.used || slot.rtt <= 0) continue;
      const double quiet = std::chrono::duration<double>(now - slot.acked_at - kRecent).count();
      if (quiet > 2 * slot.rtt) continue;
      sum.window += slot.window;
      sum.rate += slot.window / slot.rtt;
      sum.best = std::max(sum.best, slot.window / (slot.rtt * slot.rtt));
    }
    return sum;
  }

 private:
  struct Slot {
    bool used = false;
    double window = 0;
    double rtt = 0;  ///< seconds; 0: no acknowledgement yet
    Timestamp acked_at{};
  };
  std::size_t join() {
    const auto free = std::ranges::find(slots_, false, &Slot::used);
    const auto at = static_cast<std::size_t>(free - slots_.begin());
    if (free == slots_.end()) slots_.emplace_back();
    slots_[at] = {};
    slots_[at].used = true;
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace hawser::sctp::path
