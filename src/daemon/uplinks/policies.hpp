#pragma once

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
  sctp::CongestionControl congestion{};  ///< of what this end sends
  std::uint32_t weight = 1;              ///< with the scheduler "weighted"
};

/// What each uplink may carry, towards every peer: its configuration, changes made since, and its quota. Owns
/// the changes, which end with the daemon. Keeps role, caps and congestion control of the paths of every
/// association up to date. Sends nothing.
class PathPolicies {
 public:
  /// References outlive this object. `congestion` is that of an uplink whose configuration has none.
  PathPolicies(sctp::Endpoint& endpoint, const tunnel::Tunnel& tunnel, const Uplinks& uplinks,
               sctp::CongestionControl congestion)
      : endpoint_(endpoint), tunnel_(tunnel), uplinks_(uplinks), congestion_(congestion) {}

  /// Every event of the endpoint, after the peer connections have handled it: applies the policies to the
  /// association if it, or one of its paths, is new.
  void handle_event(const sctp::Event& event);

  /// Changes one setting of one uplink while the daemon runs. The error is for people.
  [[nodiscard]] Result<control::PathChange, control::ParseError> set(const control::PathSetting& setting);
  /// The quota of the uplink with this label is used up, which gives it this role. Null: it is not used up.
  void set_over_quota(const std::string& label, const sctp::PathRole* role);
  /// Whether the quota of the uplink with this label is used up.
  [[nodiscard]] bool is_over_quota(const std::string& label) const { return over_quota_.contains(label); }

  /// The policy of the uplink now, quota included.
  [[nodiscard]] PathPolicy of(const config::UplinkConfig& uplink) const;

 private:
  void apply(sctp::AssociationId association);
  void apply_to_all();
  [[nodiscard]] PathPolicy configured(const config::UplinkConfig& uplink) const;
  [[nodiscard]] std::string labels() const;

  sctp::Endpoint& endpoint_;
  const tunnel::Tunnel& tunnel_;
  const Uplinks& uplinks_;
  sctp::CongestionControl congestion_;
  std::map<std::string, PathPolicy> changed_;  ///< by label
  std::map<std::string, sctp::PathRole> over_quota_;
};

}  // namespace hawser::daemon::uplinks
