#include "daemon/hooks/queue.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace hawser::daemon::hooks {
namespace {

bool is_tunnel_event(const HookEvent& event) {
  return event.name == "tunnel-up" || event.name == "tunnel-down";
}

bool is_move(const HookEvent& event) {
  return event.name == "path-moved";
}

// The newest event for which `matches` holds, or the end.
template <class Matches>
std::deque<HookEvent>::iterator find_newest(std::deque<HookEvent>& events, Matches matches) {
  const auto found = std::find_if(events.rbegin(), events.rend(), matches);
  return found == events.rend() ? events.end() : std::next(found).base();
}

}  // namespace

HookQueue::Result HookQueue::push(HookEvent&& event) {
  Peer& queue = queue_of(event.peer);
  return is_tunnel_event(event) ? push_tunnel_event(queue, std::move(event))
                                : push_path_event(queue, std::move(event));
}

HookQueue::Result HookQueue::push_tunnel_event(Peer& queue, HookEvent&& event) {
  if (std::ranges::count_if(queue.events, is_tunnel_event) < std::ptrdiff_t{kMaxTunnelEvents}) {
    append(queue, std::move(event));
    return {};
  }
  // "up" and "down" alternate: without the newest one, the state is already that of `event`.
  erase(queue, find_newest(queue.events, is_tunnel_event));
  return {.merged = 2};
}

HookQueue::Result HookQueue::push_path_event(Peer& queue, HookEvent&& event) {
  const auto others = std::ranges::count_if(queue.events, std::not_fn(is_tunnel_event));
  if (others < std::ptrdiff_t{kMaxEvents}) {
    append(queue, std::move(event));
    return {};
  }
  const auto match = find_newest(queue.events, [&event](const HookEvent& other) {
    return !event.path.empty() && other.path == event.path && is_move(other) == is_move(event);
  });
  if (match == queue.events.end()) return {.dropped = 1};
  const bool replaces = is_move(event);
  if (!replaces && match->name == event.name) return {.dropped = 1};
  erase(queue, match);
  if (!replaces) return {.merged = 2};
  append(queue, std::move(event));
  return {.merged = 1};
}

HookEvent HookQueue::pop() {
  Peer& queue = peers_.front();
  HookEvent event = std::move(queue.events.front());
  erase(queue, queue.events.begin());
  if (queue.events.empty()) {
    peers_.pop_front();
  } else {
    peers_.splice(peers_.end(), peers_, peers_.begin());
  }
  return event;
}

void HookQueue::clear() {
  peers_.clear();
  size_ = 0;
}

HookQueue::Peer& HookQueue::queue_of(std::size_t peer) {
  const auto at = std::ranges::find(peers_, peer, &Peer::peer);
  return at != peers_.end() ? *at : peers_.emplace_back(Peer{peer, {}});
}

void HookQueue::append(Peer& queue, HookEvent&& event) {
  queue.events.push_back(std::move(event));
  ++size_;
}

void HookQueue::erase(Peer& queue, const std::deque<HookEvent>::const_iterator& at) {
  queue.events.erase(at);
  --size_;
}

}  // namespace hawser::daemon::hooks
