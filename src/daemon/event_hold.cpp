#include "daemon/event_hold.hpp"

#include <algorithm>

namespace hawser::daemon {

void EventHold::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  ready_.clear();
  const auto held = find(event);
  switch (event.kind) {
    case Kind::path_down:
      if (held == held_.end()) held_.push_back({event, now + kHold});
      return;
    case Kind::path_up:
      if (held == held_.end()) break;
      held_.erase(held);
      ++brief_outages_;
      return;
    case Kind::path_removed:
      if (held == held_.end()) break;
      ready_.push_back(held->event);
      held_.erase(held);
      break;
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: release_of(event.association); break;
    default: break;
  }
  ready_.push_back(event);
}

void EventHold::handle_timeout(Timestamp now) {
  ready_.clear();
  const auto lasting = std::ranges::find_if(held_, [now](const Held& each) { return each.until > now; });
  for (auto each = held_.begin(); each != lasting; ++each) ready_.push_back(each->event);
  held_.erase(held_.begin(), lasting);
}

std::vector<EventHold::Held>::iterator EventHold::find(const sctp::Event& event) {
  return std::ranges::find_if(held_, [&event](const Held& each) {
    return each.event.association == event.association && each.event.path == event.path;
  });
}

void EventHold::release_of(sctp::AssociationId association) {
  const auto of_it = [association](const Held& each) { return each.event.association == association; };
  for (const Held& each : held_) {
    if (of_it(each)) ready_.push_back(each.event);
  }
  std::erase_if(held_, of_it);
}

}  // namespace hawser::daemon
