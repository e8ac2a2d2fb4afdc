#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/token_bucket.hpp"
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
  /// Writes of the file: so many at once, for the peers that connect one after another, and then one for each
  /// interval.
  static constexpr TokenBucket::Limit kSaves{.burst = 10, .interval = std::chrono::seconds(10)};
  /// Notices to each location, as some may be lost.
  static constexpr unsigned kRepetitions = 3;

  /// `path` names the file, which may be missing.
  explicit RestartNotice(std::string path) : file_(std::move(path)) {}

  /// Reads the locations that the previous run of this hub left.
  void load();
  /// The locations that get a notice now; each is returned by the first kRepetitions calls.
  [[nodiscard]] std::vector<PeerLocation> poll_locations();
  /// Whether note() may write the file now.
  [[nodiscard]] bool may_save(Timestamp now) const { return saves_.ready_at(kSaves) <= now; }
  /// Writes the locations of the peers to the file if they differ from its content. False: the file could not
  /// be written, or not yet.
  bool note(Timestamp now, std::vector<PeerLocation> locations);
  /// Empties the file: every peer has seen this hub shut down.
  void clear();

 private:
  bool save(std::vector<PeerLocation> locations);

  StateFile file_;
  std::vector<PeerLocation> previous_;  ///< left by the previous run
  unsigned rounds_sent_ = 0;
  std::vector<PeerLocation> saved_;  ///< content of the file, sorted
  TokenBucket saves_;
  bool save_failed_ = false;  ///< the last time; reported once
};

/// The content of the file.
[[nodiscard]] std::string locations_text(const std::vector<PeerLocation>& locations);
/// None: the text is damaged.
[[nodiscard]] std::optional<std::vector<PeerLocation>> parse_locations_text(std::string_view text);

}  // namespace hawser::daemon::peering
