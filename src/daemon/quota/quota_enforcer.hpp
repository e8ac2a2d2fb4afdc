#pragma once

#include <string>

#include "daemon/config/config.hpp"
#include "daemon/platform.hpp"
#include "daemon/quota/quota_counter.hpp"
#include "daemon/uplinks/policies.hpp"
#include "daemon/uplinks/sockets.hpp"

namespace hawser::daemon::quota {

/// Counts what the uplinks carry and changes their roles when a quota is used up or reset. Owns the counter.
/// Reads the date from the platform, but no clock.
class QuotaEnforcer {
 public:
  /// The parts of the daemon that it uses. They outlive it.
  struct Context {
    Platform& platform;
    const uplinks::Sockets& sockets;
    uplinks::PathPolicies& policies;
  };

  /// Reads the counts of earlier runs.
  QuotaEnforcer(Context context, const config::Config& config) : context_(context), counter_(config) {}

  /// Counts and applies. Call it before a socket is closed, and about once a second.
  void update(Timestamp now);
  /// The daemon stops: counts and writes the file.
  void finish(Timestamp now);

  /// Null: the uplink has no quota.
  [[nodiscard]] const Quota* find(const std::string& label) const { return counter_.find(label); }

 private:
  Context context_;
  QuotaCounter counter_;
};

}  // namespace hawser::daemon::quota
