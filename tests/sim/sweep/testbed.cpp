#include "sim/sweep/testbed.hpp"

#include <utility>

#include "daemon/config/engine_config.hpp"

namespace hawser::sim::sweep {
namespace {

using namespace std::chrono_literals;
using daemon::config::Config;

// The configuration of an edge, or of a hub, that sets nothing but what it must.
Config configuration(bool listens) {
  Config config;
  if (listens) config.interface.listen = {{IpAddress::any_v4(), 9899}};
  return config;
}

}  // namespace

// --- TunnelBed

BondSpec TunnelBed::spec_of(std::vector<UplinkSpec> uplinks, std::uint64_t seed,
                            const TunnelChanges& changes) {
  BondSpec spec;
  spec.seed = seed;
  spec.uplinks = std::move(uplinks);
  spec.sealed = true;
  spec.edge = daemon::config::endpoint_config(configuration(false));
  spec.hub = daemon::config::endpoint_config(configuration(true));
  for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
    config->congestion = changes.congestion.value_or(config->congestion);
    if (!changes.order_hold) config->order_hold = std::chrono::nanoseconds(1);
    config->nr_sack = config->nr_sack && changes.nr_sack;
  }
  return spec;
}

TunnelBed::TunnelBed(std::vector<UplinkSpec> uplinks, std::uint64_t seed, Duration cost,
                     const TunnelChanges& changes)
    : bond_(spec_of(std::move(uplinks), seed, changes)), mtu_(daemon::config::InterfaceConfig::kDefaultMtu) {
  make_hosts(bond_.world().events());
  Config config = configuration(true);
  if (changes.queue_bytes != 0) config.interface.queue_bytes = changes.queue_bytes;
  const auto settings = daemon::config::tunnel_config(config, seed);
  const auto edge_key = private_key_of(2 * seed).public_key();
  const auto hub_key = private_key_of(2 * seed + 1).public_key();
  edge_tunnel_ = std::make_unique<inner::TunnelHost>(bond_.edge(), edge(), hub_key, settings, mtu_, cost);
  hub_tunnel_ = std::make_unique<inner::TunnelHost>(bond_.hub(), hub(), edge_key, settings, mtu_, cost);
  bond_.on_edge_event = [this](const sctp::Event& event) { edge_tunnel_->handle_event(event); };
  bond_.on_hub_event = [this](const sctp::Event& event) { hub_tunnel_->handle_event(event); };
}

bool TunnelBed::start() {
  bond_.connect();
  edge_tunnel_->expect(bond_.edge_id());
  if (!bond_.run_until(10s, [this] { return edge_tunnel_->up() && hub_tunnel_->up(); })) return false;
  if (!bond_.add_all_paths(10s)) return false;
  const auto settled = [this] {
    return bond_.edge().endpoint().size_is_settled(bond_.edge_id()) &&
           bond_.hub().endpoint().size_is_settled(bond_.hub_id());
  };
  bond_.run_until(10s, settled);
  return true;
}

// --- PlainBed

PlainBed::PlainBed(const UplinkSpec& uplink, std::uint64_t seed)
    : up_(events_, uplink.up, 2 * seed, [this](SimDatagram&& datagram) { hub().receive(datagram.payload); }),
      down_(events_, uplink.down, 2 * seed + 1,
            [this](SimDatagram&& datagram) { edge().receive(datagram.payload); }) {
  make_hosts(events_);
  connect(edge(), up_);
  connect(hub(), down_);
}

void PlainBed::connect(inner::InnerHost& from, Link& link) {
  from.on_send = [&link](inner::Packet&& packet) {
    SimDatagram datagram;
    datagram.source.ip = datagram.destination.ip = IpAddress::any_v4();
    datagram.payload = std::move(packet);
    datagram.whole_packet = true;
    link.send(std::move(datagram));
  };
}

}  // namespace hawser::sim::sweep
