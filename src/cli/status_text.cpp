#include "cli/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cli/table.hpp"

namespace hawser::cli {
namespace {

using Align = Table::Align;

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1000);
  if (bytes < 10'000'000'000) return fmt::format("{} MB", bytes / 1'000'000);
  return fmt::format("{} GB", bytes / 1'000'000'000);
}

std::string time_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::max(0.0, seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

std::uint64_t counter(const control::Counters& counters, const std::string& name) {
  const auto at = counters.find(name);
  return at == counters.end() ? 0 : at->second;
}

// One line for an uplink that cannot be used or has caps or a quota; empty for any other.
std::string uplink_text(const control::Uplink& u) {
  std::string out;
  if (!u.usable) out += fmt::format("  cannot be used: {}", u.reason);
  if (!u.warning.empty()) out += fmt::format("  warning: {}", u.warning);
  if (u.max_upload_mbps > 0) out += fmt::format("  max upload {:g} Mbit/s", u.max_upload_mbps);
  if (u.max_download_mbps > 0) out += fmt::format("  max download {:g} Mbit/s", u.max_download_mbps);
  if (u.weight != 1) out += fmt::format("  weight {}", u.weight);
  if (u.quota) {
    out += fmt::format("  quota: {} of {} used{}, reset date {}", bytes_text(u.quota->used),
                       bytes_text(u.quota->limit), u.quota->over ? " up" : "",
                       u.quota->reset.empty() ? "unknown (clock not set)" : u.quota->reset);
  }
  return out.empty() ? out : fmt::format("uplink     {} ({}){}\n", u.label, u.interface, out);
}

constexpr std::size_t kMaxRoutes = 8;

// What the interface has, and what is wrong with it.
std::string interface_text(const control::Interface& i, double uptime_s) {
  std::string out = fmt::format("interface  {}  {}  mtu {}  up {}{}\n", i.name,
                                i.address.empty() ? "no address" : join(i.address), i.mtu,
                                time_text(uptime_s), i.up ? "" : "  the interface is down");
  std::vector<std::string> routes = i.routes;
  if (routes.size() > kMaxRoutes) {
    routes.resize(kMaxRoutes);
    routes.push_back(fmt::format("and {} more", i.routes.size() - kMaxRoutes));
  }
  if (!routes.empty()) out += fmt::format("routes     {}\n", join(routes));
  for (const control::MissingPiece& m : i.missing)
    out += fmt::format("missing    {}: {}\n", m.piece, m.reason);
  for (const std::string& conflict : i.conflicts) out += fmt::format("conflict   {}\n", conflict);
  if (!i.scheduler.empty() && i.scheduler != "earliest") out += fmt::format("scheduler  {}\n", i.scheduler);
  if (i.kill_switch_table != 0) out += fmt::format("kill switch on, table {}\n", i.kill_switch_table);
  return out;
}

std::string header_text(const control::Status& s) {
  std::string out = interface_text(s.interface, s.uptime_s);
  out += fmt::format("public key {}\n", s.public_key);
  out += fmt::format("daemon     hawserd {}  pid {}\n", s.version, s.pid);
  if (!s.listen.empty()) out += fmt::format("listening  {}\n", join(s.listen));
  for (const control::Uplink& uplink : s.uplinks) {
    out += uplink_text(uplink);
  }
  return out;
}

constexpr std::size_t kColumns = 18;

// The largest IP packet of the path: its UDP payload and the headers.
std::string path_mtu_text(const control::Path& p) {
  constexpr std::uint64_t kHeadersV4 = 28;
  constexpr std::uint64_t kHeadersV6 = 48;
  return p.mtu == 0 ? "" : fmt::format("{}", p.mtu + (p.remote.starts_with('[') ? kHeadersV6 : kHeadersV4));
}

// Whether packets leave as ECN-capable, and how many of them were marked.
std::string ecn_text(const control::Path& p) {
  const std::uint64_t marks = counter(p.counters, "ecn_marks_reported");
  return marks == 0 ? p.ecn : fmt::format("{}, {} marked", p.ecn, marks);
}

std::vector<std::string> path_row(const control::Path& p) {
  return {fmt::format("{}", p.id),
          p.label,
          p.interface,
          p.local,
          p.remote,
          p.primary ? p.state + "*" : p.state,
          p.role,
          p.rtt_ms > 0 ? fmt::format("{:.1f} ms", p.rtt_ms) : "",
          path_mtu_text(p),
          p.congestion,
          bytes_text(p.cwnd),
          bytes_text(p.flight),
          fmt::format("{:.1f}", p.tx_mbps),
          fmt::format("{:.1f}", p.rx_mbps),
          fmt::format("{:.1f} %", p.loss_percent),
          fmt::format("{}", counter(p.counters, "data_chunks_retransmitted")),
          ecn_text(p),
          p.reason};
}

// A row for an uplink without a path to the peer.
std::vector<std::string> missing_row(const control::MissingPath& m) {
  std::vector<std::string> row(kColumns);
  row[1] = m.label;
  row[2] = m.interface;
  row[5] = "no path";
  row.back() = m.reason;
  if (m.next_try_s > 0) row.back() += fmt::format("; next try in {:.1f} s", m.next_try_s);
  return row;
}

std::string paths_text(const control::Association& association) {
  Table table({{"PATH", Align::right},
               {"LABEL"},
               {"UPLINK"},
               {"LOCAL"},
               {"REMOTE"},
               {"STATE"},
               {"ROLE"},
               {"RTT", Align::right},
               {"MTU", Align::right},
               {"CC"},
               {"CWND", Align::right},
               {"FLIGHT", Align::right},
               {"TX Mbit/s", Align::right},
               {"RX Mbit/s", Align::right},
               {"LOSS", Align::right},
               {"RETRANS", Align::right},
               {"ECN"},
               {"REASON"}});
  for (const control::Path& path : association.paths) table.add(path_row(path));
  for (const control::MissingPath& missing : association.missing) table.add(missing_row(missing));
  return table.empty() ? "" : table.to_string(2);
}

std::string association_text(const control::Association& a) {
  if (!a.protection)
    return fmt::format("  association {}: being set up ({})\n", a.id, a.state) + paths_text(a);
  const control::Security& p = *a.protection;
  return fmt::format("  cipher {}, epoch {}, keys {} old, last handshake {} ago\n", p.cipher, p.epoch,
                     time_text(p.keys_age_s), time_text(p.last_handshake_age_s)) +
         paths_text(a);
}

// Empty: the queue has never held anything up.
std::string queue_text(const control::Peer& peer) {
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "  queue " : ", ") + part; };
  if (peer.queue_wait_ms > 0) add(fmt::format("wait {:.1f} ms", peer.queue_wait_ms));
  if (peer.realtime_wait_ms > 0) add(fmt::format("real-time wait {:.1f} ms", peer.realtime_wait_ms));
  const auto add_count = [&](const char* text, const char* name) {
    if (const std::uint64_t n = counter(peer.counters, name); n != 0) add(fmt::format("{} {}", text, n));
  };
  add_count("marked", "ecn_marked");
  add_count("dropped for delay", "queue_delay");
  add_count("for overflow", "queue_overflow");
  add_count("for age", "queue_age");
  return out.empty() ? out : out + "\n";
}

std::string peer_text(const control::Status& status, const control::Peer& peer) {
  std::string out = fmt::format("\npeer {}  {}", peer.name, peer.state);
  if (!peer.reason.empty()) out += (peer.state == "up" ? ", " : ": ") + peer.reason;
  if (peer.mtu != 0) out += fmt::format("  mtu {}", peer.mtu);
  if (!peer.endpoint.empty()) out += fmt::format("  endpoint {}", join(peer.endpoint));
  out += fmt::format("\n  public key {}\n", peer.public_key);
  out += fmt::format("  allowed {}\n", peer.allowed_ips.empty() ? "nothing" : join(peer.allowed_ips));
  const control::Counters& c = peer.counters;
  out += fmt::format("  sent {} in {} packets, received {} in {}, dropped {}, queued {} of {}\n",
                     bytes_text(counter(c, "tx_bytes")), counter(c, "tx_packets"),
                     bytes_text(counter(c, "rx_bytes")), counter(c, "rx_packets"), counter(c, "dropped"),
                     bytes_text(peer.queue_bytes), bytes_text(peer.queue_limit));
  out += queue_text(peer);
  for (const control::Association& association : status.associations) {
    if (association.peer == peer.name) out += association_text(association);
  }
  return out;
}

std::string drops_text(std::string_view title, const control::Counters& counters) {
  std::string out;
  for (const auto& [name, count] : counters) {
    if (count != 0) out += fmt::format("{} {} {}", out.empty() ? "" : ",", name, count);
  }
  return out.empty() ? "" : fmt::format("{}{}\n", title, out);
}

}  // namespace

std::string status_text(const control::Status& status) {
  std::string out = header_text(status);
  for (const control::Peer& peer : status.peers) out += peer_text(status, peer);
  const std::string drops = drops_text("dropped by the engine:", status.drops.engine) +
                            drops_text("dropped by the tunnel:", status.drops.tunnel);
  if (!drops.empty()) out += "\n" + drops;
  return out;
}

}  // namespace hawser::cli
