#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config.hpp"
#include "daemon/sockets.hpp"

namespace hawser::daemon {

/// The uplinks of an edge: which interfaces they are, whether they can be used now, and a socket for each
/// address family that is wanted. Owns no socket (Sockets does) and knows no association.
class Uplinks {
 public:
  struct Uplink {
    UplinkConfig config;
    int index = 0;    ///< of the interface its sockets are bound to; 0: it does not exist
    bool v4 = false;  ///< usable for IPv4: up, with carrier and an address
    bool v6 = false;
    std::optional<UplinkId> socket_v4;
    std::optional<UplinkId> socket_v6;
    bool reported = false;  ///< a failure to open was logged
  };

  /// `configured` empty: every interface with a default route, but never `own` (the tunnel itself).
  Uplinks(Host& host, Sockets& sockets, std::vector<UplinkConfig> configured, std::string own);

  /// Looks at the interfaces again. Returns the sockets that are closed now, as their interface went or was
  /// replaced.
  std::vector<UplinkId> refresh();

  [[nodiscard]] std::size_t count() const { return uplinks_.size(); }
  [[nodiscard]] const Uplink& at(std::size_t index) const { return uplinks_[index]; }
  /// The socket of uplink `index` for that family, opened when need be; nothing: not usable now.
  std::optional<UplinkId> socket(std::size_t index, bool v6);
  /// Which uplink the socket belongs to; nothing: none of ours, or closed.
  [[nodiscard]] std::optional<std::size_t> uplink_of(UplinkId socket) const;

 private:
  void discover(const std::vector<io::LinkInfo>& links);
  void update(Uplink& uplink, const io::LinkInfo* link, std::vector<UplinkId>& closed);
  void close(std::optional<UplinkId>& socket, std::vector<UplinkId>& closed);

  Host& host_;
  Sockets& sockets_;
  bool automatic_;
  std::string own_;
  std::vector<Uplink> uplinks_;
};

}  // namespace hawser::daemon
