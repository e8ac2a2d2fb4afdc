#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/token_bucket.hpp"
#include "hawser/sctp/config.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/path.hpp"

namespace hawser::sctp::path {

/// The paths of one association. Owns them; finds the path of a route and the primary path. Never sends. A
/// Path object never moves in memory until it is removed; find() returns null for the PathId of a removed
/// path.
class PathTable {
 public:
  /// An empty table; `config` outlives it.
  explicit PathTable(const EndpointConfig& config) : config_(config) {}

  /// Adds a path, or returns null when there are max_paths of them.
  Path* add(const Route& route, PathState state, std::size_t peer_window);
  /// Takes a path out and emits path_removed, unless it is a candidate. It stays in memory until
  /// take_retired(), because chunks in flight point to it. False: there is no such path, or it is the last.
  bool retire(PathId id, const control::EventSink& events);
  /// The paths retired since the last call; the caller removes all references to them.
  [[nodiscard]] std::vector<std::unique_ptr<Path>> take_retired() { return std::exchange(retired_, {}); }
  /// Whether take_retired() would return any.
  [[nodiscard]] bool any_retired() const { return !retired_.empty(); }
  /// Whether the peer may cause one more path now, by ASCONF or from a new address; counts it. Each path
  /// costs events, log lines and one of the 256 path ids of the record keys.
  [[nodiscard]] bool may_peer_add(Timestamp now) { return peer_adds_.take(now, kPeerAdds); }
  /// Makes room for one more path by retiring the failed path with the most errors. False: every path works.
  bool make_room(const control::EventSink& events);
  /// Deletes a path without references to it: a candidate whose path has moved.
  void remove(PathId id);
  /// The path with this id, or null.
  [[nodiscard]] Path* find(PathId id);
  /// The path with this route, or null. A wildcard local address matches any.
  [[nodiscard]] Path* find(const Route& route);
  /// The path on which this end sends records with this epoch and path id. Null: they are those of a path
  /// that is gone, or under keys that the path no longer uses.
  [[nodiscard]] Path* find_sending(const RecordOrigin& record);
  /// The only path from the socket and local address of `route` to its remote IP address, for any UDP port;
  /// null when there is none or several.
  [[nodiscard]] Path* find_unique_by_ip(const Route& route);

  /// The candidate to which path `id` may migrate, or null.
  [[nodiscard]] Path* find_candidate_for(PathId id);

  /// The primary path, or null before the first path.
  [[nodiscard]] Path* primary() { return find(primary_); }
  /// Makes path `id`, which must exist, the primary path.
  void set_primary(PathId id) { primary_ = id; }
  /// The id of the primary path.
  [[nodiscard]] PathId primary_id() const { return primary_; }
  /// The path for control chunks that are not tied to one: the primary path while it is active, else the best
  /// other path. Null when there is no path.
  [[nodiscard]] Path* for_control();

  /// Whether a path is active.
  [[nodiscard]] bool any_active() const;
  /// Whether a path other than `path` is active.
  [[nodiscard]] bool any_active_but(const Path& path) const;
  /// Whether another path than `path` is active and may carry its data by its role.
  [[nodiscard]] bool another_takes_over(const Path& path) const;
  /// The longest smoothed round trip of an active path; zero: none was measured.
  [[nodiscard]] Duration longest_round_trip() const;
  /// Sum of the congestion windows of the paths that carry data by their role, bytes.
  [[nodiscard]] std::size_t windows() const;
  /// Number of paths, candidates included.
  [[nodiscard]] std::size_t size() const { return paths_.size(); }
  /// All paths, candidates included, as owning pointers in the order of their ids.
  [[nodiscard]] auto begin() const { return paths_.begin(); }
  /// The end of the paths.
  [[nodiscard]] auto end() const { return paths_.end(); }
  /// See payload_mtu().
  struct PayloadMtu {
    std::size_t bytes = 0;
    bool settled = false;  ///< the PMTU searches of these paths have ended
  };
  /// payload_mtu() with its certainty. A path whose PMTU search has no result yet counts only when no other
  /// path has one, so that a path that is just added does not shrink the packets of all.
  [[nodiscard]] PayloadMtu find_payload_mtu() const;
  /// The largest UDP payload that passes on every path that may carry data now; it bounds the fragments of
  /// messages.
  [[nodiscard]] std::size_t payload_mtu() const { return find_payload_mtu().bytes; }
  /// The longest smoothed round trip of a path that carries data by its role; zero: none is measured.
  [[nodiscard]] Duration longest_data_round_trip() const;
  /// Whether a UDP payload of `size` bytes passes on an active path that carries data.
  [[nodiscard]] bool any_carries(std::size_t size) const;

 private:
  static constexpr TokenBucket::Limit kPeerAdds{32, std::chrono::seconds(1)};

  std::unique_ptr<Path> take_out(PathId id);

  const EndpointConfig& config_;
  CouplingGroup coupling_;
  std::vector<std::unique_ptr<Path>> paths_;
  std::vector<std::unique_ptr<Path>> retired_;
  PathId primary_ = kNoPath;
  std::uint32_t next_id_ = 0;
  TokenBucket peer_adds_;
};

}  // namespace hawser::sctp::path
