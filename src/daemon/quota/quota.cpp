#include "daemon/quota/quota.hpp"

#include <algorithm>
#include <utility>

namespace hawser::daemon::quota {
namespace {

namespace chrono = std::chrono;

WallTime reset_of(chrono::year_month month, unsigned reset_day) {
  const chrono::year_month_day last{month / chrono::last};
  return chrono::sys_days(month / std::min(chrono::day(reset_day), last.day()));
}

chrono::year_month month_of(WallTime time) {
  const chrono::year_month_day date{chrono::floor<chrono::days>(time)};
  return date.year() / date.month();
}

}  // namespace

WallTime period_begin(WallTime time, unsigned reset_day) {
  const chrono::year_month month = month_of(time);
  const WallTime reset = reset_of(month, reset_day);
  return reset <= time ? reset : reset_of(month - chrono::months(1), reset_day);
}

WallTime period_end(WallTime time, unsigned reset_day) {
  const chrono::year_month month = month_of(time);
  const WallTime reset = reset_of(month, reset_day);
  return reset > time ? reset : reset_of(month + chrono::months(1), reset_day);
}

void Quota::add(WallTime now, std::uint64_t bytes) {
  if (now < kClockIsSet) {
    state_.undated += bytes;
    return;
  }
  update_month(now);
  state_.current->used += bytes + std::exchange(state_.undated, 0);
}

// Makes the month of `now` the current one.
void Quota::update_month(WallTime now) {
  constexpr auto kMaxMonth = std::chrono::days(31);
  const Month fresh{period_begin(now, reset_day_), 0};
  // The configuration names another reset day than before: the count goes on until that day.
  const bool other_day =
      state_.current && state_.current->begin != period_begin(state_.current->begin, reset_day_);
  if (other_day && now < state_.current->begin + kMaxMonth && now >= state_.current->begin)
    state_.current->begin = fresh.begin;
  if (!state_.current) {
    state_.current = fresh;
  } else if (now < state_.current->begin) {
    go_back(now);
  } else if (now >= period_end(state_.current->begin, reset_day_)) {
    state_.previous = std::exchange(state_.current, fresh);
  }
}

void Quota::go_back(WallTime now) {
  std::uint64_t used = state_.current->used;
  const Month begun{period_begin(now, reset_day_), 0};
  // A previous month that is over at `now` does not come back.
  if (state_.previous && now < period_end(state_.previous->begin, reset_day_)) used += state_.previous->used;
  state_.previous.reset();
  state_.current = Month{begun.begin, used};
}

std::optional<WallTime> Quota::reset() const {
  if (!state_.current) return std::nullopt;
  return period_end(state_.current->begin, reset_day_);
}

}  // namespace hawser::daemon::quota
