#include "daemon/quota/quota_counter.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon::quota {
namespace {

// Whole IP packets, as providers count them.
std::uint64_t ip_bytes(const io::DatagramSocket& socket) {
  constexpr std::uint64_t kUdpHeader = 8;
  const std::uint64_t header = kUdpHeader + (socket.local_address().ip.is_v6() ? 40 : 20);
  const io::SocketCounters& c = socket.counters();
  return c.tx_bytes + c.rx_bytes + header * (c.tx_datagrams + c.rx_datagrams);
}

}  // namespace

QuotaCounter::QuotaCounter(const config::Config& config)
    : file_(config.interface.state_directory + "/" + config.interface.name + ".quota.json") {
  const bool any = std::any_of(config.uplinks.begin(), config.uplinks.end(),
                               [](const config::UplinkConfig& uplink) { return uplink.quota.has_value(); });
  if (!any) return;
  others_ = file_.load();
  if (!file_.problem().empty()) spdlog::error("{}: earlier use of the quotas is unknown", file_.problem());
  for (const config::UplinkConfig& uplink : config.uplinks) {
    if (!uplink.quota) continue;
    const auto saved = others_.extract(uplink.label);
    const Quota::State state = saved.empty() ? Quota::State{} : saved.mapped();
    entries_.emplace(uplink.label,
                     Entry{*uplink.quota, Quota(uplink.quota->bytes, uplink.quota->reset_day, state)});
  }
}

// Bytes since the last call, by label.
std::map<std::string, std::uint64_t> QuotaCounter::carried(const uplinks::Sockets& sockets) {
  std::map<std::string, std::uint64_t> out;
  const std::vector<uplinks::Sockets::Entry>& all = sockets.entries();
  seen_.resize(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].socket) continue;
    const std::uint64_t bytes = ip_bytes(*all[i].socket);
    out[all[i].label] += bytes - std::exchange(seen_[i], bytes);
  }
  return out;
}

std::vector<std::string> QuotaCounter::count(Timestamp now, WallTime wall, const uplinks::Sockets& sockets) {
  std::vector<std::string> changed;
  if (entries_.empty()) return changed;
  const auto bytes = carried(sockets);
  for (auto& [label, entry] : entries_) {
    const auto at = bytes.find(label);
    const std::uint64_t more = at == bytes.end() ? 0 : at->second;
    entry.quota.add(wall, more);
    entry.unsaved += more;
    if (std::exchange(entry.over, entry.quota.over()) == entry.quota.over()) continue;
    spdlog::info("uplink {}: quota {}", label, entry.over ? "used up" : "reset");
    changed.push_back(label);
  }
  if (save_is_due(now)) save(now);
  return changed;
}

bool QuotaCounter::save_is_due(Timestamp now) const {
  const bool late = saved_ == Timestamp::min() || now - saved_ >= kSaveInterval;
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& each) {
    const Entry& entry = each.second;
    return entry.unsaved != 0 && (late || entry.unsaved >= entry.quota.limit() / kSavePart);
  });
}

void QuotaCounter::save(Timestamp now) {
  saved_ = now;
  QuotaFile::States states = others_;
  bool changed = false;
  for (const auto& [label, entry] : entries_) {
    states[label] = entry.quota.state();
    changed |= entry.unsaved != 0;
  }
  if (!changed) return;
  const bool good = file_.save(states);
  if (!good && !save_failed_) spdlog::error("{}: a restart will lose the use of the quotas", file_.problem());
  save_failed_ = !good;
  if (!good) return;
  for (auto& [label, entry] : entries_) entry.unsaved = 0;
}

const Quota* QuotaCounter::find(const std::string& label) const {
  const auto at = entries_.find(label);
  return at == entries_.end() ? nullptr : &at->second.quota;
}

const sctp::PathRole* QuotaCounter::role_of(const std::string& label) const {
  const auto at = entries_.find(label);
  return at == entries_.end() || !at->second.over ? nullptr : &at->second.config.over_quota;
}

}  // namespace hawser::daemon::quota
