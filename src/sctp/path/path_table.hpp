#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "hawser/sctp/config.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/path.hpp"

namespace hawser::sctp::path {

/// The paths of one association. Owns them; knows which route is which path and which path is primary. Never
/// sends. Paths stay at their address until removed; a PathId that was removed finds nothing.
class PathTable {
 public:
  explicit PathTable(const EndpointConfig& config) : config_(config) {}

  /// Adds a path, or returns null when there are max_paths of them.
  Path* add(const Route& route, PathState state, std::size_t peer_window);
  /// Takes a path out and emits path_removed, unless it is a candidate. It stays in memory until
  /// take_retired(), because chunks in flight point to it. False: there is no such path, or it is the last.
  bool retire(PathId id, const control::EventSink& events);
  /// The paths retired since the last call: the caller drops what still refers to them.
  [[nodiscard]] std::vector<std::unique_ptr<Path>> take_retired() { return std::exchange(retired_, {}); }
  [[nodiscard]] bool any_retired() const { return !retired_.empty(); }
  /// Makes room for one more path by retiring the failed path with the most errors. False: every path works.
  bool make_room(const control::EventSink& events);
  /// Deletes a path that nothing refers to: a candidate whose path has moved.
  void remove(PathId id);
  [[nodiscard]] Path* find(PathId id);
  [[nodiscard]] Path* find(const Route& route);
  /// The only path over `route`'s uplink to `route`'s remote IP whatever the UDP port, or null when there is
  /// none or several.
  [[nodiscard]] Path* find_unique_by_ip(const Route& route);

  /// The address that is asked whether path `id` has moved there, or null.
  [[nodiscard]] Path* find_candidate_for(PathId id);

  [[nodiscard]] Path* primary() { return find(primary_); }
  void set_primary(PathId id) { primary_ = id; }
  [[nodiscard]] PathId primary_id() const { return primary_; }
  /// Where a control chunk goes when its place is free: the primary while it is active, else the best proven
  /// path.
  [[nodiscard]] Path* for_control();

  [[nodiscard]] bool any_active() const;
  /// Whether data of `path` would have another active path to go.
  [[nodiscard]] bool any_active_but(const Path& path) const;
  [[nodiscard]] std::size_t size() const { return paths_.size(); }
  [[nodiscard]] auto begin() const { return paths_.begin(); }
  [[nodiscard]] auto end() const { return paths_.end(); }
  /// Largest UDP payload that every path carries which may carry data now: what messages are cut to.
  [[nodiscard]] std::size_t payload_mtu() const;
  /// Whether a UDP payload of `size` bytes passes on an active path that carries data.
  [[nodiscard]] bool any_carries(std::size_t size) const;

 private:
  std::unique_ptr<Path> take_out(PathId id);

  const EndpointConfig& config_;
  std::vector<std::unique_ptr<Path>> paths_;
  std::vector<std::unique_ptr<Path>> retired_;
  PathId primary_ = kNoPath;
  std::uint32_t next_id_ = 0;
};

}  // namespace hawser::sctp::path
