#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/state_file.hpp"
#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"

namespace hawser::daemon::peering {

/// The far end of a peer's path and the socket that the peer sends to, as a hub sees them.
struct PeerLocation {
  UdpAddress listening;  ///< the address that our socket is bound to
  IpAddress local;       ///< our address that the peer sends to
  UdpAddress remote;     ///< the address that the peer's datagrams come from
  friend auto operator<=>(const PeerLocation&, const PeerLocation&) = default;
};

/// The locations of a hub's peers, kept in a file for the time after a crash: then each location gets restart
/// notices. Without them, an idle peer notices the restart only with its next heartbeat. Owns the file; reads
/// no clock, sends nothing.
class RestartNotice {
 public:
  /// Shortest time between two writes of the file.
  static constexpr Duration kSaveInterval = std::chrono::seconds(10);
  /// Notices to each location, as some may be lost.
  static constexpr unsigned kRepetitions = 3;

  /// `path` names the file, which may be missing.
  explicit RestartNotice(std::string path) : file_(std::move(path)) {}

  /// Reads the locations that the previous run of this hub left.
  void load();
  /// The locations that get a notice now; each is returned by the first kRepetitions calls.
  [[nodiscard]] std::vector<PeerLocation> poll_locations();
  /// Whether note() would write the file now.
  [[nodiscard]] bool save_is_due(Timestamp now) const;
  /// Writes the locations of the peers to the file if it is due and they differ from its content.
  void note(Timestamp now, std::vector<PeerLocation> locations);
  /// Empties the file: every peer has seen this hub shut down.
  void clear();

 private:
  void save(Timestamp now, std::vector<PeerLocation> locations);

  StateFile file_;
  std::vector<PeerLocation> previous_;  ///< left by the previous run
  unsigned rounds_sent_ = 0;
  std::vector<PeerLocation> saved_;  ///< content of the file, sorted
  Timestamp saved_at_ = Timestamp::min();
  bool save_failed_ = false;  ///< the last time; reported once
};

/// The content of the file.
[[nodiscard]] std::string locations_text(const std::vector<PeerLocation>& locations);
/// None: the text is damaged.
[[nodiscard]] std::optional<std::vector<PeerLocation>> parse_locations_text(std::string_view text);

}  // namespace hawser::daemon::peering
