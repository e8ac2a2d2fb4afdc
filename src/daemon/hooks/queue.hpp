#pragma once

#include <cstddef>
#include <deque>
#include <list>

#include "daemon/hook_event.hpp"

namespace hawser::daemon::hooks {

/// The events that wait for a run of the hook program: a queue for each peer, served in turns, so that a peer
/// whose paths flap delays no other peer. Owns the events.
///
/// A full queue merges: a path-up and the path-down that follows it before either has run cancel out, and of
/// several path-moved of a path only the newest stays. Events of paths that cannot merge are dropped. Events
/// of tunnels are never dropped; of many, an "up" and the "down" next to it cancel out, so that the last
/// state is always run.
class HookQueue {
 public:
  static constexpr std::size_t kMaxEvents = 64;       ///< of one peer that wait, without those of its tunnel
  static constexpr std::size_t kMaxTunnelEvents = 8;  ///< of one peer's tunnel that wait

  /// How many events a push() has taken out of the queue, or has not put there.
  struct Result {
    std::size_t merged = 0;
    std::size_t dropped = 0;
  };

  /// Adds an event to the queue of its peer.
  Result push(HookEvent&& event);
  /// Removes and returns the oldest event of the peer whose turn it is; the queue must not be empty.
  HookEvent pop();
  /// Whether no event waits.
  [[nodiscard]] bool empty() const { return peers_.empty(); }
  /// Number of events that wait.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Drops all events.
  void clear();

 private:
  /// The events of one peer, of which there is at least one.
  struct Peer {
    std::size_t peer;
    std::deque<HookEvent> events;
  };

  Peer& queue_of(std::size_t peer);
  Result push_tunnel_event(Peer& queue, HookEvent&& event);
  Result push_path_event(Peer& queue, HookEvent&& event);
  void append(Peer& queue, HookEvent&& event);
  void erase(Peer& queue, const std::deque<HookEvent>::const_iterator& at);

  std::list<Peer> peers_;  ///< in the order of their turns
  std::size_t size_ = 0;
};

}  // namespace hawser::daemon::hooks
