#include "daemon/routing/prefixes.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace hawser::daemon::routing {
std::uint8_t full_length(const IpAddress& ip) {
  return ip.is_v4() ? 32 : 128;
}

bool covers(const IpPrefix& outer, const IpPrefix& inner) {
  return outer.length <= inner.length && outer.contains(inner.ip);
}

std::pair<IpPrefix, IpPrefix> halves(const IpPrefix& prefix) {
  const auto length = static_cast<std::uint8_t>(prefix.length + 1);
  const IpPrefix lower{prefix.network().ip, length};
  std::array<std::byte, 16> octets{};
  std::ranges::copy(lower.ip.bytes(), octets.begin());
  octets[prefix.length / 8U] |= std::byte{0x80} >> (prefix.length % 8U);
  const bool v4 = prefix.ip.is_v4();
  return {lower, {v4 ? IpAddress::v4(Bytes(octets)) : IpAddress::v6(Bytes(octets)), length}};
}

std::vector<IpPrefix> own_networks(const config::Config& config) {
  std::vector<IpPrefix> out;
  std::set<IpPrefix> known;
  for (const IpPrefix& address : config.interface.addresses) {
    if (address.length < full_length(address.ip) && known.insert(address.network()).second)
      out.push_back(address.network());
  }
  return out;
}

std::vector<IpPrefix> allowed_networks(const config::Config& config) {
  std::vector<IpPrefix> out;
  std::set<IpPrefix> known;
  for (const config::PeerConfig& peer : config.peers) {
    for (const IpPrefix& prefix : peer.allowed_ips) {
      if (known.insert(prefix.network()).second) out.push_back(prefix.network());
    }
  }
  return out;
}

std::optional<IpPrefix> longest_cover(const std::vector<IpPrefix>& prefixes, const IpPrefix& inner) {
  std::optional<IpPrefix> best;
  for (const IpPrefix& prefix : prefixes) {
    if (covers(prefix, inner) && (!best || prefix.length > best->length)) best = prefix;
  }
  return best;
}

bool is_local_use(const IpPrefix& prefix) {
  static const std::array kRanges = {*IpPrefix::parse("10.0.0.0/8"),     *IpPrefix::parse("172.16.0.0/12"),
                                     *IpPrefix::parse("192.168.0.0/16"), *IpPrefix::parse("100.64.0.0/10"),
                                     *IpPrefix::parse("169.254.0.0/16"), *IpPrefix::parse("fc00::/7"),
                                     *IpPrefix::parse("fe80::/10")};
  return std::ranges::any_of(kRanges, [&](const IpPrefix& range) { return covers(range, prefix); });
}

}  // namespace hawser::daemon::routing
