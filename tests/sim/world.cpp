#include "sim/world.hpp"

#include <utility>

#include "sim/packet_view.hpp"
#include "sim/tls_random.hpp"

namespace hawser::sim {

World::World(std::uint64_t seed) : random_(seed) {
  seed_tls_random(seed);
}

Host& World::add_host(const std::string& name, const sctp::EndpointConfig& config,
                      const HostOptions& options) {
  hosts_.push_back(std::make_unique<Host>(events_, violations_, name, config, options, random_.next()));
  Host& host = *hosts_.back();
  host.on_sent = [this, &host](const Access& access, const SimDatagram& datagram) {
    print(">", host, access, datagram);
    for (const auto& other : hosts_) {
      if (other.get() != &host) other->monitor().on_peer_sent(datagram);
    }
    for (const Tap& tap : sent_taps_) tap(host, datagram);
  };
  host.on_delivered = [this, &host](const Access& access, const SimDatagram& datagram) {
    print("<", host, access, datagram);
    for (const auto& other : hosts_) {
      if (other.get() != &host) other->monitor().on_peer_received(datagram);
    }
    for (const Tap& tap : delivered_taps_) tap(host, datagram);
  };
  if (traces_.packets != nullptr) host.trace_packets(*traces_.packets);
  return host;
}

void World::trace_to(const Traces& traces) {
  traces_ = traces;
  if (traces.packets == nullptr) return;
  for (const auto& host : hosts_) host->trace_packets(*traces.packets);
}

Nat& World::add_nat(const NatConfig& config, const IpAddress& public_address) {
  nats_.push_back(std::make_unique<Nat>(config, public_address, random_.next()));
  return *nats_.back();
}

std::size_t World::attach(Host& host, SocketId socket, const UdpAddress& local, Nat* nat,
                          const LinkConfig& up, const LinkConfig& down) {
  auto access = std::make_unique<Access>();
  Access& made = *access;
  made.socket = socket;
  made.local = local;
  made.nat = nat;
  made.up = std::make_unique<Link>(events_, up, random_.next(), [this, &made](SimDatagram&& datagram) {
    leave(made, std::move(datagram));
  });
  made.down = std::make_unique<Link>(events_, down, random_.next(), [&host, &made](SimDatagram&& datagram) {
    host.deliver(made, std::move(datagram));
  });
  attachments_.push_back({&host, std::move(access)});
  host.attach(made);
  std::size_t index = 0;
  for (const Attachment& other : attachments_) index += other.host == &host ? 1 : 0;
  return index - 1;
}

void World::leave(Access& access, SimDatagram&& datagram) {
  if (access.nat != nullptr)
    datagram.source = access.nat->outbound(now(), datagram.source, datagram.destination);
  if (access.on_path && access.on_path(true, datagram)) return;
  route(std::move(datagram), Origin::host);
}

void World::route(SimDatagram&& datagram, Origin origin) {
  const auto taken = [&](const Access& access) {
    return origin == Origin::host && access.on_path && access.on_path(false, datagram);
  };
  if (const auto owner = owners_.find(datagram.destination.ip); owner != owners_.end())
    return owner->second(std::move(datagram));
  for (const auto& nat : nats_) {
    if (nat->public_address() != datagram.destination.ip) continue;
    const auto inside = nat->inbound(now(), datagram.destination.port, datagram.source);
    if (!inside) return;
    for (const Attachment& to : attachments_) {
      if (to.access->nat != nat.get() || to.access->local != *inside) continue;
      if (taken(*to.access)) return;
      datagram.destination = *inside;
      return to.access->down->send(std::move(datagram));
    }
    return;
  }
  for (const Attachment& to : attachments_) {
    if (to.access->nat == nullptr && to.access->local == datagram.destination) {
      if (taken(*to.access)) return;
      return to.access->down->send(std::move(datagram));
    }
  }
  ++unroutable_;
}

void World::print(const char* what, const Host& host, const Access& access,
                  const SimDatagram& datagram) const {
  if (traces_.datagrams == nullptr) return;
  const UdpAddress& other = *what == '>' ? datagram.destination : datagram.source;
  std::fprintf(traces_.datagrams, "%12.6f %s/%u %s %s%s %s\n", Violations::seconds(now()),
               host.name().c_str(), access.socket.value(), what, other.to_string().c_str(),
               datagram.damaged ? " DAMAGED" : "", describe(datagram.payload).c_str());
}

}  // namespace hawser::sim
