#pragma once

#include <optional>

#include "hawser/base/address.hpp"
#include "sctp/association/components.hpp"
#include "sctp/association/establishment.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::association {

/// What the user does with the paths of an association; each command is described at Endpoint. Owns nothing.
class PathCommands {
 public:
  /// Both arguments outlive it.
  PathCommands(Components& parts, const Establishment& establishment)
      : parts_(parts), establishment_(establishment) {}

  /// Joins a path; nothing: it exists already, or there are too many.
  std::optional<PathId> add(const Route& route);
  /// Removes a path. False: there is no such path, or it is the last.
  bool remove(PathId id);
  /// See Endpoint::move_path().
  void move(PathId id);
  /// Sets the congestion control of a path. False: there is no such path.
  bool set_congestion(PathId id, CongestionControl control);
  /// Sets the weight of a path. False: there is no such path, or the weight is 0.
  bool set_weight(PathId id, std::uint32_t weight);
  /// Probes a path now.
  void probe(PathId id);
  /// Requests an address change of `type` by ASCONF. False: the peer does not accept ASCONF.
  bool request_address(wire::ParameterType type, const IpAddress& local);

 private:
  Components& parts_;
  const Establishment& establishment_;
};

}  // namespace hawser::sctp::association
