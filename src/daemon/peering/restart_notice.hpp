#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/state_file.hpp"
#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"

namespace hawser::daemon::peering {

/// Where a peer's path begins, as a hub sees it.
struct PeerLocation {
  UdpAddress listening;  ///< what our socket is bound to
  IpAddress local;       ///< the address of ours that the peer sends to
  UdpAddress remote;
  friend auto operator<=>(const PeerLocation&, const PeerLocation&) = default;
};

/// Where the peers of a hub are, on disk, so that a hub that comes back after a crash can let them know:
/// behind their NATs they would find out only by their next packet. Reads no clock, sends nothing.
class RestartNotice {
 public:
  static constexpr Duration kSaveInterval = std::chrono::seconds(10);  ///< at most so often
  static constexpr unsigned kRepetitions = 3;                          ///< one may get lost

  explicit RestartNotice(std::string path) : file_(std::move(path)) {}

  /// What the last life of this hub has left.
  void load();
  /// Those who are to be greeted now; everyone kRepetitions times in all.
  std::vector<PeerLocation> take_pending();
  /// Where peers are now. The file follows.
  void note(Timestamp now, std::vector<PeerLocation> locations);
  /// The peers know that we leave.
  void clear();

 private:
  void save(Timestamp now);

  StateFile file_;
  std::vector<PeerLocation> before_;  ///< of the last life
  unsigned rounds_sent_ = 0;
  std::vector<PeerLocation> saved_;  ///< what the file has, sorted
  Timestamp saved_at_ = Timestamp::min();
  bool complained_ = false;  ///< that the file cannot be written
};

/// The content of the file.
[[nodiscard]] std::string locations_text(const std::vector<PeerLocation>& locations);
/// Nothing: damaged.
[[nodiscard]] std::optional<std::vector<PeerLocation>> parse_locations_text(std::string_view text);

}  // namespace hawser::daemon::peering
