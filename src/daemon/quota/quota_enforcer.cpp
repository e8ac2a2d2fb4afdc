#include "daemon/quota/quota_enforcer.hpp"

namespace hawser::daemon::quota {

void QuotaEnforcer::update(Timestamp now) {
  for (const std::string& label : counter_.count(now, context_.platform.wall_clock(), context_.sockets))
    context_.policies.set_over_quota(label, counter_.role_of(label));
}

void QuotaEnforcer::finish(Timestamp now) {
  update(now);
  counter_.save(now);
}

}  // namespace hawser::daemon::quota
