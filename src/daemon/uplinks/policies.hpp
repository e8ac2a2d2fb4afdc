#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "control/message.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/base/result.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::uplinks {

/// What an uplink may carry.
struct PathPolicy {
  sctp::PathRole role = sctp::PathRole::always;
  sctp::PathCaps caps;
};

/// What each uplink may carry, whoever the peer is: what the configuration says, what was changed since, and
/// what is left of its quota. Owns the changes, which last as long as the daemon; sees to it that the paths
/// of every association, also of later ones, keep to them. Sends nothing.
class PathPolicies {
 public:
  PathPolicies(sctp::Endpoint& endpoint, const tunnel::Tunnel& tunnel, const Uplinks& uplinks)
      : endpoint_(endpoint), tunnel_(tunnel), uplinks_(uplinks) {}

  /// To all paths of an association: it, or one of its paths, is new.
  void apply(sctp::AssociationId association);
  /// To all paths there are.
  void apply();

  /// Changes one setting of one uplink, live. The error is for people.
  [[nodiscard]] Result<control::PathChange, control::ParseError> set(const control::PathSetting& setting);
  /// The quota of the uplink with this label is used up: `role` until further notice. Null: it is not.
  void set_over_quota(const std::string& label, const sctp::PathRole* role);
  [[nodiscard]] bool is_over_quota(const std::string& label) const { return over_quota_.contains(label); }

  /// What holds now, quota included.
  [[nodiscard]] PathPolicy of(const config::UplinkConfig& uplink) const;

 private:
  [[nodiscard]] PathPolicy configured(const config::UplinkConfig& uplink) const;
  [[nodiscard]] std::string labels() const;

  sctp::Endpoint& endpoint_;
  const tunnel::Tunnel& tunnel_;
  const Uplinks& uplinks_;
  std::map<std::string, PathPolicy> changed_;  ///< by label
  std::map<std::string, sctp::PathRole> over_quota_;
};

}  // namespace hawser::daemon::uplinks
