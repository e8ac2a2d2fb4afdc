#include "sim/sweep/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/inner/probes.hpp"
#include "sim/inner/quic_flow.hpp"
#include "sim/inner/tcp_flow.hpp"
#include "sim/sweep/testbed.hpp"

namespace hawser::sim::sweep {
namespace {

using namespace std::chrono_literals;

constexpr double kPayloadShare = 0.893;  // what the headers of the tunnel leave of a link's rate
constexpr Duration kIdle = 1200ms;       // pings before the flows begin
constexpr std::uint16_t kUdpPort = 7000;

Duration seconds(double value) {
  return Duration(static_cast<Duration::rep>(value * 1e9));
}
double milliseconds(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}
Duration milliseconds_of(double value) {
  return seconds(value / 1e3);
}
double ratio(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

/// The traffic of one run.
class Traffic {
 public:
  Traffic(Testbed& bed, const RunPlan& plan)
      : plan_(plan),
        ping_(bed.edge(), bed.hub().address()),
        udp_(plan.direction == Direction::up ? bed.edge() : bed.hub(),
             plan.direction == Direction::up ? bed.hub() : bed.edge(), kUdpPort) {
    for (const bool download : {true, false}) {
      if (plan.direction == (download ? Direction::up : Direction::down)) continue;
      for (unsigned i = 0; i < plan.flows; ++i) add(bed, download, i);
    }
  }

  void start_probes() {
    if (!plan_.probes) return;
    ping_.start();
    udp_.start();
  }
  // The phase of the flows against everything else depends on the seed.
  void start_flows(Testbed& bed) {
    SimRandom random(plan_.seed ^ 0x7068'6173);
    for (const Flow& flow : flows_)
      bed.events().after(milliseconds_of(50 * random.unit()), [&flow] { flow.data->start(); });
  }
  /// Window in packets and round trip in ms of the first flow.
  [[nodiscard]] std::pair<unsigned, double> first_flow() const {
    const inner::Flow& flow = *flows_.front().data;
    return {flow.window(), milliseconds(flow.smoothed_rtt())};
  }

  [[nodiscard]] double rate(bool download, Duration from, Duration to) const {
    double sum = 0;
    for (const Flow& flow : flows_) {
      if (flow.download == download) sum += flow.data->arrivals().rate(from, to) / 1e6;
    }
    return sum;
  }
  /// When the rate of the last 300 ms first reaches `wanted`, in ms; negative: never.
  [[nodiscard]] double time_to_reach(bool download, double wanted, Duration end) const {
    for (Duration at = 300ms; at <= end; at += inner::ArrivalLog::kSlot) {
      if (rate(download, at - 300ms, at) >= wanted) return milliseconds(at);
    }
    return -1;
  }
  /// `from` and `to` from the start of the flows.
  void report_inner(RunResult& result, Duration from, Duration to) const {
    double sent = 0;
    for (const Flow& flow : flows_) {
      const double pause = milliseconds(flow.data->arrivals().longest_pause(from, to));
      result.longest_pause = std::max(result.longest_pause, pause);
      const inner::FlowCounters counters = flow.data->totals();
      sent += static_cast<double>(counters.sent);
      result.inner_again += static_cast<double>(counters.sent_again);
      result.inner_timeouts += static_cast<double>(counters.timeouts);
    }
    result.inner_again = ratio(result.inner_again, sent);
  }
  void report_probes(RunResult& result, Timestamp start, Timestamp from, Timestamp to) const {
    const Timestamp begin = start - kIdle;
    const inner::Latencies& ping = ping_.latencies();
    const Duration idle = ping.quantile(begin, start, 0.5);
    const auto above = [&](double quantile) {
      return milliseconds(ping.quantile(from, to, quantile) - idle);
    };
    result.idle = milliseconds(idle);
    result.ping_median = above(0.5);
    result.ping_99 = above(0.99);
    result.ping_most = above(1);
    result.ping_loss = ping.loss(from, to);
    const inner::Latencies& udp = udp_.latencies();
    const Duration udp_idle = udp.quantile(begin, start, 0.5);
    result.udp_idle = milliseconds(udp_idle);
    result.udp_median = milliseconds(udp.quantile(from, to, 0.5) - udp_idle);
    result.udp_99 = milliseconds(udp.quantile(from, to, 0.99) - udp_idle);
    result.udp_loss = udp.loss(from, to);
    result.longest_gap = milliseconds(udp.longest_gap(from, to));
  }

 private:
  struct Flow {
    bool download;
    std::unique_ptr<inner::Flow> data;
  };
  void add(Testbed& bed, bool download, unsigned number) {
    const unsigned position = number + (download ? 0U : 100U);
    const auto port = static_cast<std::uint16_t>(5201 + position);
    const auto client_port = static_cast<std::uint16_t>(40'000 + 7 * position + plan_.seed % 1000);
    if (plan_.transport == Transport::quic) {
      const inner::QuicFlow::Config config{port, client_port, download};
      flows_.push_back({download, std::make_unique<inner::QuicFlow>(bed.edge(), bed.hub(), config)});
      return;
    }
    inner::TcpFlow::Config config;
    config.port = port;
    config.client_port = client_port;
    config.mtu = static_cast<std::uint16_t>(bed.mtu());
    config.download = download;
    config.ecn = plan_.ecn;
    flows_.push_back({download, std::make_unique<inner::TcpFlow>(bed.edge(), bed.hub(), config)});
  }

  const RunPlan& plan_;
  inner::Ping ping_;
  inner::UdpStream udp_;
  std::vector<Flow> flows_;
};

std::vector<UplinkSpec> uplinks_of(const RunPlan& plan) {
  std::vector<UplinkSpec> uplinks;
  for (std::size_t i = 0; i < plan.profile->links.size(); ++i) {
    if (plan.link < 0 || static_cast<std::size_t>(plan.link) == i)
      uplinks.push_back(uplink_of(*plan.profile, i));
  }
  return uplinks;
}

/// Bytes that each link has delivered.
struct Delivered {
  std::array<double, RunResult::kLinks> forward{};
  double back = 0;
};

Delivered delivered(Testbed& bed, bool download) {
  Delivered out;
  for (std::size_t i = 0; i < bed.links(); ++i) {
    out.forward[i] = static_cast<double>(bed.link(i, download).counters().bytes_delivered);
    out.back += static_cast<double>(bed.link(i, !download).counters().bytes_delivered);
  }
  return out;
}

void report_links(RunResult& result, const Delivered& before, const Delivered& after, std::size_t links) {
  double sum = 0;
  for (std::size_t i = 0; i < links; ++i) sum += after.forward[i] - before.forward[i];
  for (std::size_t i = 0; i < links; ++i) result.shares[i] = ratio(after.forward[i] - before.forward[i], sum);
  result.ack_bytes = ratio(after.back - before.back, sum);
}

void report_tunnel(RunResult& result, TunnelBed& bed, bool download) {
  Host& sender = download ? bed.bond().hub() : bed.bond().edge();
  Host& receiver = download ? bed.bond().edge() : bed.bond().hub();
  const auto sending = sender.endpoint().status(download ? bed.bond().hub_id() : bed.bond().edge_id());
  const auto receiving = receiver.endpoint().status(download ? bed.bond().edge_id() : bed.bond().hub_id());
  if (!sending || !receiving) return;
  double sent = 0;
  double again = 0;
  for (const sctp::PathStatus& path : sending->paths) {
    sent += static_cast<double>(path.counters.data_chunks_sent);
    again += static_cast<double>(path.counters.data_chunks_retransmitted);
    result.outer_timeouts += static_cast<double>(path.counters.timeouts);
  }
  result.outer_again = ratio(again, sent + again);
  result.spurious = ratio(static_cast<double>(receiving->duplicate_tsns_received), sent + again);
  const auto& tunnel = download ? bed.hub_tunnel() : bed.edge_tunnel();
  result.queue_drops =
      static_cast<double>(tunnel.tunnel().peer(0).counters.dropped + tunnel.device().overflowed());
  using Kind = sctp::Event::Kind;
  result.path_failures = static_cast<double>(Bond::count(bed.bond().edge_events(), Kind::path_down) +
                                             Bond::count(bed.bond().hub_events(), Kind::path_down));
  result.violations = static_cast<double>(bed.bond().world().violations().list().size());
  if (result.violations != 0) std::fprintf(stderr, "%s", bed.bond().world().violations().text().c_str());
}

/// Changes of the links while the flows run, and what the links could carry.
class Script {
 public:
  Script(Testbed& bed, const RunPlan& plan) : bed_(bed), plan_(plan), random_(plan.seed ^ 0x7661'7279) {
    if (plan.profile->varying) change();
    if (plan.blackhole < 0) return;
    bed.events().after(kIdle + seconds(plan.blackhole), [this] {
      for (const bool download : {true, false}) bed_.link(0, download).config().blackhole = true;
    });
  }

  /// Mbit/s of all links together, on average.
  [[nodiscard]] double capacity(bool download, Timestamp from, Timestamp to) const {
    if (!plan_.profile->varying) return constant_capacity(download);
    double sum = 0;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Timestamp end = i + 1 < changes_.size() ? changes_[i + 1].when : to;
      const Duration span = std::min(end, to) - std::max(changes_[i].when, from);
      if (span > Duration::zero()) sum += changes_[i].rate * milliseconds(span);
    }
    return sum / milliseconds(to - from);
  }

 private:
  struct Change {
    Timestamp when;
    double rate;  ///< Mbit/s of all links
  };
  // The same rates for all plans of a seed.
  void change() {
    double sum = 0;
    for (std::size_t i = 0; i < plan_.profile->links.size(); ++i) {
      const double rate = 5e6 + 55e6 * random_.unit();
      const bool used = plan_.link < 0 || static_cast<std::size_t>(plan_.link) == i;
      if (!used) continue;
      sum += rate / 1e6;
      const std::size_t queue = queue_bytes(plan_.profile->links[i].down, rate);
      for (const bool download : {true, false})
        bed_.link(plan_.link < 0 ? i : 0, download).set_rate(static_cast<std::uint64_t>(rate), queue);
    }
    changes_.push_back({bed_.events().now(), sum});
    bed_.events().after(2s, [this] { change(); });
  }
  [[nodiscard]] double constant_capacity(bool download) const {
    double sum = 0;
    for (std::size_t i = 0; i < plan_.profile->links.size(); ++i) {
      if (plan_.link < 0 || static_cast<std::size_t>(plan_.link) == i)
        sum += capacity_of(line_of(plan_.profile->links[i], download));
    }
    return sum;
  }

  Testbed& bed_;
  const RunPlan& plan_;
  SimRandom random_;
  std::vector<Change> changes_;
};

/// Prints a line for each tenth of a second.
class Timeline {
 public:
  Timeline(Testbed& bed, TunnelBed* tunnel, const Traffic& traffic, bool download)
      : bed_(bed), tunnel_(tunnel), traffic_(traffic), download_(download), start_(bed.events().now()) {
    std::printf("%6s %7s %6s %7s %8s | for each path: cwnd KB, in flight KB, srtt ms, wait in the link ms\n",
                "s", "Mbit/s", "cwnd", "srtt ms", "queue KB");
    wait();
  }

 private:
  void wait() {
    bed_.events().after(inner::ArrivalLog::kSlot, [this] { print(); });
  }
  void print() {
    const Duration now = bed_.events().now() - start_;
    const auto [window, rtt] = traffic_.first_flow();
    const double rate = traffic_.rate(download_, now - inner::ArrivalLog::kSlot, now);
    std::printf("%6.1f %7.1f %6u %7.1f", milliseconds(now) / 1000, rate, window, rtt);
    if (tunnel_ != nullptr) print_tunnel();
    for (std::size_t i = 0; i < bed_.links() && tunnel_ == nullptr; ++i)
      std::printf(" | %5.1f", milliseconds(bed_.link(i, download_).backlog()));
    std::printf("\n");
    wait();
  }
  void print_tunnel() {
    Bond& bond = tunnel_->bond();
    const auto& tunnel = download_ ? tunnel_->hub_tunnel() : tunnel_->edge_tunnel();
    std::printf(" %8.1f", static_cast<double>(tunnel.tunnel().peer(0).queue_bytes) / 1e3);
    for (std::size_t i = 0; i < bed_.links(); ++i) {
      const auto path = download_ ? bond.hub_path(i) : bond.edge_path(i);
      if (!path) continue;
      std::printf(" | %6.0f %6.0f %6.1f %6.1f", static_cast<double>(path->cwnd) / 1e3,
                  static_cast<double>(path->flight) / 1e3, milliseconds(path->srtt),
                  milliseconds(bed_.link(i, download_).backlog()));
    }
  }

  Testbed& bed_;
  TunnelBed* tunnel_;
  const Traffic& traffic_;
  bool download_;
  Timestamp start_;
};

}  // namespace

RunResult run(const RunPlan& plan) {
  const auto wall = std::chrono::steady_clock::now();
  RunResult result;
  std::unique_ptr<Testbed> bed;
  TunnelBed* tunnel = nullptr;
  if (plan.tunnel) {
    auto made =
        std::make_unique<TunnelBed>(uplinks_of(plan), plan.seed, seconds(plan.cost / 1e6), plan.changes);
    tunnel = made.get();
    bed = std::move(made);
  } else {
    bed = std::make_unique<PlainBed>(uplinks_of(plan).front(), plan.seed);
  }
  if (!bed->start()) return result;
  result.established = true;
  Traffic traffic(*bed, plan);
  const Script script(*bed, plan);
  traffic.start_probes();
  bed->events().run_for(kIdle);
  const Timestamp start = bed->events().now();
  const bool download = plan.direction != Direction::up;
  traffic.start_flows(*bed);
  std::optional<Timeline> timeline;
  if (plan.timeline) timeline.emplace(*bed, tunnel, traffic, download);
  bed->events().run_for(seconds(plan.warmup));
  const Delivered before = delivered(*bed, download);
  bed->events().run_for(seconds(plan.seconds - plan.warmup));
  report_links(result, before, delivered(*bed, download), bed->links());
  const Duration from = seconds(plan.warmup);
  const Duration to = seconds(plan.seconds);
  result.rate = traffic.rate(download, from, to);
  if (plan.direction == Direction::both) result.rate_up = traffic.rate(false, from, to);
  result.share_of_best =
      ratio(result.rate, kPayloadShare * script.capacity(download, start + from, start + to));
  result.start = traffic.time_to_reach(download, 0.8 * result.rate, to);
  traffic.report_inner(result, from, to);
  if (tunnel != nullptr) report_tunnel(result, *tunnel, download);
  // Probes that were sent in the window may still arrive.
  bed->events().run_for(2s);
  traffic.report_probes(result, start, start + from, start + to);
  result.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  return result;
}

}  // namespace hawser::sim::sweep
