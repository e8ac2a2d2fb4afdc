#pragma once

#include <cstdint>
#include <string>

namespace hawser::daemon::privileges {

/// A set of capabilities(7): bit N is the capability with the number N of <linux/capability.h>.
using CapabilitySet = std::uint64_t;
/// The set of one capability.
constexpr CapabilitySet capability(unsigned number) {
  return CapabilitySet{1} << number;
}
/// "cap_net_admin cap_net_raw", numbers for others than those that the daemon keeps, or "none".
[[nodiscard]] std::string to_string(CapabilitySet set);

/// The permitted set of this process. Throws std::system_error, as all functions here do.
[[nodiscard]] CapabilitySet permitted_capabilities();
/// Limits what this process and its programs can ever have. Without CAP_SETPCAP the limit stays as it is.
void limit_capabilities(CapabilitySet keep);
/// Gives up all others, permanently.
void keep_capabilities(CapabilitySet keep);
/// Lets programs without privileges of their own, the hooks, start with these. They are kept.
void pass_on_capabilities(CapabilitySet set);

}  // namespace hawser::daemon::privileges
