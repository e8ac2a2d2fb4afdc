#pragma once

#include <vector>

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// The preferences of both ends for each path: role and cap (docs/protocol.md, "Path roles and caps"). Owns
/// the names of removed paths until the peer is told; the preferences of a path are in the path. Never sends.
class Preferences {
 public:
  /// `paths` outlives it.
  explicit Preferences(PathTable& paths) : paths_(paths) {}

  /// Sets this end's role for a path. False: there is no such path.
  bool set_role(PathId id, PathRole role);
  /// Selects the path for data without multipath, and the first choice for control chunks (RFC 9260 §6.4).
  /// False: there is no such path.
  bool set_primary(PathId id);
  /// Sets this end's caps for a path. False: there is no such path, or a cap is out of range (is_cap).
  bool set_caps(PathId id, const PathCaps& caps);
  /// This end no longer has `path`: the peer learns it with the next message, and does not have to wait for a
  /// time-out to send again what is in flight there.
  void on_removed(const Path& path);
  /// Applies the peer's preference for `path`.
  static void apply(Path& path, const PathPreference& of_peer);

  /// Returns the message with the preferences that were not advertised yet, and marks them as advertised;
  /// empty when there are none.
  [[nodiscard]] std::vector<std::byte> poll_message();

 private:
  /// More removals at a time are not reported.
  static constexpr std::size_t kMaxRemoved = 32;
  static void update_cap(Path& path);

  PathTable& paths_;
  std::vector<RecordOrigin> removed_;  ///< how the records of removed paths were named
};

}  // namespace hawser::sctp::path
