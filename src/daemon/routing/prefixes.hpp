#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "hawser/base/address.hpp"

/// Prefixes of a tunnel, and how prefixes relate.
namespace hawser::daemon::routing {

/// 32 or 128.
[[nodiscard]] std::uint8_t full_length(const IpAddress& ip);

/// Whether every address of `inner` is in `outer`; true for equal prefixes.
[[nodiscard]] bool covers(const IpPrefix& outer, const IpPrefix& inner);

/// The two halves of a prefix that is not a single address: 0.0.0.0/1 and 128.0.0.0/1 for 0.0.0.0/0.
[[nodiscard]] std::pair<IpPrefix, IpPrefix> halves(const IpPrefix& prefix);

/// The networks of the interface's own addresses, without those that hold a single address.
[[nodiscard]] std::vector<IpPrefix> own_networks(const config::Config& config);

/// The allowed IPs of all peers without host bits, in the order of the file; each once.
[[nodiscard]] std::vector<IpPrefix> allowed_networks(const config::Config& config);

/// The longest of `prefixes` that covers `inner`.
[[nodiscard]] std::optional<IpPrefix> longest_cover(const std::vector<IpPrefix>& prefixes,
                                                    const IpPrefix& inner);

/// Whether the prefix is for use within a site only (RFC 1918, RFC 6598, RFC 4193) or on a link only
/// (RFC 3927, RFC 4291 §2.5.6).
[[nodiscard]] bool is_local_use(const IpPrefix& prefix);

}  // namespace hawser::daemon::routing
