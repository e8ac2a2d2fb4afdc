#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/sctp/endpoint.hpp"

namespace hawser::daemon {

/// Holds back events about states of a path that do not last, for people and hook programs: a path_down that
/// is followed by path_up within kHold is dropped together with it, and counted. A path_down that lasts is
/// passed on later; all other events are passed on immediately and in order. Owns the held events; reads no
/// clock. The engine's users that act on events get them directly.
class EventHold {
 public:
  /// How long a path has to be down until that is reported.
  static constexpr Duration kHold = std::chrono::milliseconds(500);

  /// Takes an event of the endpoint. The events to report now are in ready() until the next call.
  void handle_event(Timestamp now, const sctp::Event& event);
  /// Time has passed: the path_down events that have lasted are in ready() until the next call.
  void handle_timeout(Timestamp now);
  /// The events to report now, in order.
  [[nodiscard]] std::span<const sctp::Event> ready() const { return ready_; }
  /// When to call handle_timeout(); kNever: nothing is held.
  [[nodiscard]] Timestamp next_timeout() const { return held_.empty() ? kNever : held_.front().until; }
  /// Pairs of path_down and path_up that were dropped.
  [[nodiscard]] std::uint64_t brief_outages() const { return brief_outages_; }

 private:
  /// A path_down that waits.
  struct Held {
    sctp::Event event;
    Timestamp until;
  };
  [[nodiscard]] std::vector<Held>::iterator find(const sctp::Event& event);
  void release_of(sctp::AssociationId association);

  std::vector<Held> held_;  ///< in the order of their ends; at most one of each path
  std::vector<sctp::Event> ready_;
  std::uint64_t brief_outages_ = 0;
};

}  // namespace hawser::daemon
