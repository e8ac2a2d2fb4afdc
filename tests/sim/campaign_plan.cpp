// Draws random scenarios: networks, faults, traffic and endings.
#include <algorithm>
#include <cmath>

#include "sim/campaign.hpp"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The time after which no fault occurs.
constexpr std::uint64_t kMishapsMs = 20'000;

/// Draws random values; owns its generator.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  bool chance(double probability) { return random_.chance(probability); }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return random_.between(low, high); }
  // Log-uniform in [low, high].
  std::uint64_t magnitude(std::uint64_t low, std::uint64_t high) {
    const double exponent =
        std::log(static_cast<double>(low)) +
        random_.unit() * (std::log(static_cast<double>(high)) - std::log(static_cast<double>(low)));
    return std::clamp(static_cast<std::uint64_t>(std::llround(std::exp(exponent))), low, high);
  }
  Duration ms(std::uint64_t low, std::uint64_t high) {
    return std::chrono::microseconds(between(low * 1000, high * 1000));
  }
  // Zero, or with probability `how_often` a value up to `max`.
  double mishap(double how_often, double max) { return chance(how_often) ? random_.unit() * max : 0; }
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return *(choices.begin() + random_.below(choices.size()));
  }

 private:
  SimRandom random_;
};

LinkConfig draw_link(Draw& draw) {
  LinkConfig link;
  link.rate = draw.chance(0.1) ? 0 : draw.magnitude(500'000, 100'000'000);
  link.delay = std::chrono::microseconds(draw.magnitude(200, 150'000));
  if (draw.chance(0.4)) link.jitter = draw.ms(0, 20);
  link.queue_bytes = draw.magnitude(20'000, 400'000);
  link.loss = draw.mishap(0.5, 0.1);
  link.reordering = draw.mishap(0.3, 0.1);
  link.reordering_delay = draw.ms(1, 40);
  link.duplication = draw.mishap(0.2, 0.05);
  link.corruption = draw.mishap(0.2, 0.03);
  return link;
}

UplinkSpec draw_uplink(Draw& draw, std::size_t index, const std::vector<UplinkSpec>& earlier) {
  UplinkSpec spec;
  spec.up = draw_link(draw);
  spec.down = draw.chance(0.5) ? spec.up : draw_link(draw);
  if (draw.chance(0.15)) {
    spec.nat.reset();
    return spec;
  }
  spec.nat->filtering = draw.one_of({NatFiltering::endpoint_independent, NatFiltering::address_dependent,
                                     NatFiltering::address_port_dependent});
  spec.nat->random_ports = draw.chance(0.7);
  spec.nat->inbound_refreshes = draw.chance(0.3);
  if (draw.chance(0.3)) spec.nat->idle_timeout = seconds(draw.between(30, 120));
  if (index > 0 && earlier.front().nat && draw.chance(0.15)) spec.shares_nat_of = 0;
  return spec;
}

// The settings that both endpoints of a scenario draw in the same way.
sctp::EndpointConfig draw_config(Draw& draw, std::uint16_t mtu) {
  sctp::EndpointConfig config;
  config.path_mtu = mtu;
  config.outbound_streams = static_cast<std::uint16_t>(draw.between(1, 64));
  config.inbound_streams = static_cast<std::uint16_t>(draw.between(1, 64));
  config.receive_window =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(draw.magnitude(16'000, 4U << 20), 4U * mtu));
  config.send_buffer = draw.magnitude(256 * 1024, 4U << 20);
  config.rto_min = draw.one_of({milliseconds(200), milliseconds(400), milliseconds(1000)});
  config.rto_max = draw.one_of({seconds(10), seconds(20), seconds(60)});
  config.sack_delay = draw.one_of({milliseconds(0), milliseconds(20), milliseconds(200)});
  config.heartbeat_interval = draw.one_of({seconds(2), seconds(20), seconds(30)});
  config.max_burst = static_cast<unsigned>(draw.between(2, 16));
  config.nr_sack = draw.chance(0.8);
  config.multipath = draw.chance(0.85);
  // An outage of all paths counts as errors of each path; the associations must survive the outages drawn
  // here.
  config.association_max_retrans = 40;
  return config;
}

std::vector<PlannedMessage> draw_traffic(Draw& draw, std::size_t streams) {
  std::vector<PlannedMessage> plan;
  if (draw.chance(0.1)) return plan;
  std::uint64_t budget = draw.magnitude(1'000, 700'000);
  const std::uint64_t largest = draw.magnitude(10, 200'000);
  const double unordered = draw.one_of({0.0, 0.0, 0.3, 1.0});
  const std::uint64_t span = draw.one_of<std::uint64_t>({0, 2'000, 15'000});
  while (budget > 0 && plan.size() < 400) {
    PlannedMessage message;
    message.size = std::min(budget, draw.magnitude(1, largest));
    budget -= message.size;
    message.stream = sctp::StreamId(static_cast<std::uint16_t>(draw.between(0, streams - 1)));
    message.unordered = draw.chance(unordered);
    message.at = draw.ms(0, span);
    plan.push_back(message);
  }
  std::stable_sort(plan.begin(), plan.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return plan;
}

void draw_span(Draw& draw, Plan& plan, Happening::Kind begin, Happening::Kind end, std::size_t uplink,
               std::uint64_t longest_ms) {
  const std::uint64_t from = draw.between(0, kMishapsMs - longest_ms);
  const std::uint64_t to = from + draw.between(50, longest_ms);
  plan.happenings.push_back({milliseconds(from), begin, uplink, 0, {}});
  plan.happenings.push_back({milliseconds(to), end, uplink, 0, {}});
}

void draw_happenings(Draw& draw, Plan& plan) {
  using Kind = Happening::Kind;
  const std::size_t uplinks = plan.bond.uplinks.size();
  for (std::size_t i = 0; i < uplinks; ++i) {
    const auto at = [&] { return milliseconds(draw.between(0, kMishapsMs)); };
    if (draw.chance(0.3)) draw_span(draw, plan, Kind::blackhole_begins, Kind::blackhole_ends, i, 10'000);
    if (plan.bond.uplinks[i].nat && draw.chance(0.2))
      plan.happenings.push_back({at(), Kind::nat_port_rebinds, i, 0, {}});
    // Only ASCONF moves a path to another address.
    if (plan.bond.uplinks[i].nat && plan.bond.edge.dynamic_addresses && draw.chance(0.15))
      plan.happenings.push_back({at(), Kind::nat_address_rebinds, i, 0, {}});
    if (draw.chance(0.2)) plan.happenings.push_back({at(), Kind::link_changes, i, 0, draw_link(draw)});
    // The other hub address over the same uplink is another path.
    const std::size_t hub_address = draw.between(0, plan.bond.hub_addresses - 1);
    if (i != plan.first_uplink && draw.chance(0.9)) {
      const Duration when = draw.chance(0.6) ? Duration::zero() : Duration(at());
      plan.happenings.push_back({when, Kind::path_added, i, hub_address, {}});
    }
    if (draw.chance(0.15)) plan.happenings.push_back({at(), Kind::path_added, i, hub_address, {}});
    if (draw.chance(0.15)) plan.happenings.push_back({at(), Kind::path_removed, i, 0, {}});
  }
  if (draw.chance(0.15)) draw_span(draw, plan, Kind::reader_pauses, Kind::reader_resumes, 0, 8'000);
  if (draw.chance(0.15)) draw_span(draw, plan, Kind::reader_pauses, Kind::reader_resumes, 1, 8'000);
  std::stable_sort(plan.happenings.begin(), plan.happenings.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
}

// The MTU of one direction. IPv6 requires at least 1280 bytes.
std::size_t draw_mtu(Draw& draw, bool ipv6) {
  return draw.one_of<std::size_t>({1500, 1492, 1454, 1400, 1280, ipv6 ? 1280U : 1000U});
}

// Packets that are too large are dropped without an ICMP message; routers fragment where fragmentation is
// allowed.
void draw_mtus(Draw& draw, Plan& plan) {
  if (!draw.chance(0.3)) return;
  for (std::size_t i = 0; i < plan.bond.uplinks.size(); ++i) {
    UplinkSpec& uplink = plan.bond.uplinks[i];
    uplink.up.mtu = draw_mtu(draw, plan.bond.ipv6);
    uplink.down.mtu = draw.chance(0.7) ? uplink.up.mtu : draw_mtu(draw, plan.bond.ipv6);
    if (!draw.chance(0.6)) continue;
    Happening change{milliseconds(draw.between(0, kMishapsMs)), Happening::Kind::mtu_changes, i, 0, {}};
    change.link.mtu = draw_mtu(draw, plan.bond.ipv6);
    plan.happenings.push_back(change);
  }
  std::stable_sort(plan.happenings.begin(), plan.happenings.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
}

// Drawn after most other settings, so that the plain scenarios of a seed do not change.
void draw_security(Draw& draw, BondSpec& bond) {
  bond.sealed = draw.chance(0.5);
  if (!bond.sealed) return;
  bond.preshared_key = draw.chance(0.3);
  if (draw.chance(0.3)) bond.rekey_after = seconds(draw.between(2, 15));
  // Nothing reports that the association of the other end is gone: the silence limit must detect it.
  bond.edge.silence_limit = bond.hub.silence_limit = seconds(200);
}

}  // namespace

Plan make_plan(std::uint64_t seed) {
  Draw draw(seed ^ 0x6861'7773'6572);
  Plan plan;
  plan.seed = seed;
  BondSpec& bond = plan.bond;
  bond.seed = seed;
  const std::size_t uplinks = draw.between(1, 4);
  for (std::size_t i = 0; i < uplinks; ++i) bond.uplinks.push_back(draw_uplink(draw, i, bond.uplinks));
  bond.hub_addresses = draw.between(1, 2);
  bond.ipv6 = draw.chance(0.2);
  const auto mtu = draw.one_of<std::uint16_t>({1500, 1500, 1500, 1400, 1280, 576, 9000});
  bond.edge = draw_config(draw, mtu);
  bond.hub = draw_config(draw, mtu);
  bond.edge.dynamic_addresses = bond.hub.dynamic_addresses = !draw.chance(0.03);
  if (draw.chance(0.3)) {
    for (sctp::EndpointConfig* config : {&bond.edge, &bond.hub}) {
      config->auth_keys.push_back({7, std::vector<std::byte>(16, std::byte{42})});
      config->auth_key_id = 7;
    }
  }
  for (HostOptions* options : {&bond.edge_options, &bond.hub_options}) {
    if (draw.chance(0.3)) options->batching = draw.ms(0, 2);
    options->wildcard_local = draw.chance(0.3);
  }
  plan.first_uplink = draw.between(0, uplinks - 1);
  plan.up = draw_traffic(draw, std::min(bond.edge.outbound_streams, bond.hub.inbound_streams));
  plan.down = draw_traffic(draw, std::min(bond.hub.outbound_streams, bond.edge.inbound_streams));
  draw_happenings(draw, plan);
  plan.ending = draw.chance(0.05)
                    ? Ending::edge_aborts
                    : draw.one_of({Ending::edge_shuts_down, Ending::hub_shuts_down, Ending::both_shut_down});
  plan.hasty = draw.chance(0.4);
  draw_security(draw, plan.bond);
  draw_mtus(draw, plan);
  return plan;
}

}  // namespace hawser::sim
