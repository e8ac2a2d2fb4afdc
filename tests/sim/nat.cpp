#include "sim/nat.hpp"

#include <algorithm>

namespace hawser::sim {

UdpAddress Nat::outbound(Timestamp now, const UdpAddress& inside, const UdpAddress& remote) {
  auto found = by_inside_.find(inside);
  if (found != by_inside_.end() && expired(found->second, now)) {
    by_port_.erase(found->second.port);
    by_inside_.erase(found);
    found = by_inside_.end();
  }
  if (found == by_inside_.end()) {
    Mapping fresh;
    fresh.port = new_port(inside.port);
    by_port_[fresh.port] = inside;
    found = by_inside_.emplace(inside, std::move(fresh)).first;
  }
  found->second.used = now;
  found->second.contacted.insert(remote);
  return {public_address_, found->second.port};
}

std::optional<UdpAddress> Nat::inbound(Timestamp now, std::uint16_t public_port, const UdpAddress& remote) {
  const auto port = by_port_.find(public_port);
  if (port == by_port_.end()) {
    ++dropped_;
    return std::nullopt;
  }
  Mapping& mapping = by_inside_.at(port->second);
  if (expired(mapping, now) || !may_pass(mapping, remote)) {
    ++dropped_;
    return std::nullopt;
  }
  if (config_.inbound_refreshes) mapping.used = now;
  return port->second;
}

void Nat::rebind_ports() {
  for (const auto& [port, inside] : by_port_) retired_.insert(port);
  by_port_.clear();
  by_inside_.clear();
}

void Nat::rebind_address(const IpAddress& public_address) {
  rebind_ports();
  public_address_ = public_address;
}

std::optional<UdpAddress> Nat::mapping(const UdpAddress& inside) const {
  const auto found = by_inside_.find(inside);
  if (found == by_inside_.end()) return std::nullopt;
  return UdpAddress{public_address_, found->second.port};
}

std::uint16_t Nat::new_port(std::uint16_t inside_port) {
  for (;;) {
    const auto port = config_.random_ports
                          ? static_cast<std::uint16_t>(random_.between(1024, 65'535))
                          : static_cast<std::uint16_t>(std::max<unsigned>(last_port_ + 1U, 1024));
    last_port_ = port;
    if (port >= 1024 && port != inside_port && !by_port_.contains(port) && !retired_.contains(port))
      return port;
  }
}

bool Nat::expired(const Mapping& mapping, Timestamp now) const {
  return config_.idle_timeout > Duration::zero() && now - mapping.used > config_.idle_timeout;
}

bool Nat::may_pass(const Mapping& mapping, const UdpAddress& remote) const {
  switch (config_.filtering) {
    case NatFiltering::endpoint_independent: return true;
    case NatFiltering::address_dependent:
      return std::any_of(mapping.contacted.begin(), mapping.contacted.end(),
                         [&](const UdpAddress& known) { return known.ip == remote.ip; });
    case NatFiltering::address_port_dependent: return mapping.contacted.contains(remote);
  }
  return false;
}

}  // namespace hawser::sim
