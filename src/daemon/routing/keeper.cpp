#include "daemon/routing/keeper.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <utility>

namespace hawser::daemon::routing {
namespace {

constexpr std::size_t kMaxNamed = 8;  ///< pieces that a log line names

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamed); ++i) out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMaxNamed) out += fmt::format(" and {} more", names.size() - kMaxNamed);
  return out;
}

bool needs_link(const Piece& piece) {
  if (std::holds_alternative<io::netlink::MarkRule>(piece)) return false;
  const auto* route = std::get_if<io::netlink::RouteSpec>(&piece);
  return route == nullptr || route->link != 0;
}

bool may_remove(const Piece& piece) {
  const auto* route = std::get_if<io::netlink::RouteSpec>(&piece);
  if (route != nullptr) return route->protocol == io::netlink::kRouteProtocol;
  return std::holds_alternative<io::netlink::MarkRule>(piece);
}

}  // namespace

Keeper::Orders Keeper::compare(Timestamp now, const std::vector<Piece>& wanted,
                               const std::vector<Piece>& actual) {
  std::set<std::string> exists;
  for (const Piece& piece : actual) exists.insert(to_string(piece));
  Orders orders;
  bool up = false;
  std::set<std::string> names;
  for (const Piece& piece : wanted) {
    const std::string name = to_string(piece);
    names.insert(name);
    Entry& entry = entries_[name];
    entry.seen = true;
    const bool present = exists.contains(name);
    if (std::holds_alternative<LinkUp>(piece)) up = present;
    if (present) {
      note_present(now, entry);
      continue;
    }
    note_missing(now, name, entry);
    entry.blocked = !up && needs_link(piece) && !std::holds_alternative<LinkUp>(piece);
    if (entry.blocked && !entry.contested) entry.problem = "the interface is down";
    if (!entry.blocked && entry.retry_at <= now) orders.add.push_back(piece);
  }
  for (const Piece& piece : actual) {
    if (may_remove(piece) && !names.contains(to_string(piece))) orders.remove.push_back(piece);
  }
  forget_unwanted();
  return orders;
}

void Keeper::note_present(Timestamp now, Entry& entry) {
  entry.present = true;
  entry.problem.clear();
  entry.retry_at = now;
  if (entry.contested && now - entry.since >= kTruce + kTruce) entry = Entry{.present = true, .seen = true};
}

void Keeper::note_missing(Timestamp now, const std::string& name, Entry& entry) {
  if (!std::exchange(entry.present, false)) return;
  if (now - entry.since > (entry.contested ? kTruce + kTruce : kContest)) {
    entry.since = now;
    entry.restores = 0;
    entry.contested = false;
  }
  losses_.push_back(name);
  entry.problem = "removed by another program";
  if (++entry.restores <= kMaxRestores) return;
  entry.retry_at = now + kTruce;
  entry.since = now;
  entry.problem = fmt::format("another program removes it whenever it is restored; tried every {} s",
                              std::chrono::duration_cast<std::chrono::seconds>(kTruce).count());
  if (!std::exchange(entry.contested, true)) contests_.push_back(name);
}

void Keeper::forget_unwanted() {
  for (auto at = entries_.begin(); at != entries_.end();) {
    at = std::exchange(at->second.seen, false) ? std::next(at) : entries_.erase(at);
  }
}

void Keeper::on_failure(Timestamp now, const Piece& piece, const std::string& reason) {
  const std::string name = to_string(piece);
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  at->second.retry_at = now + kRetry;
  if (std::exchange(at->second.problem, reason) != reason)
    failures_.push_back(fmt::format("{} ({})", name, reason));
}

std::vector<std::string> Keeper::poll_log(Timestamp now) {
  std::vector<std::string> lines;
  if (now < next_log_ || (losses_.empty() && failures_.empty() && contests_.empty())) return lines;
  next_log_ = now + kFold;
  std::ranges::sort(losses_);
  losses_.erase(std::unique(losses_.begin(), losses_.end()), losses_.end());
  if (!losses_.empty())
    lines.push_back(
        fmt::format("interface {}: another program removed {}; restoring", interface_, listed(losses_)));
  if (!failures_.empty())
    lines.push_back(fmt::format("interface {}: cannot add {}", interface_, listed(failures_)));
  if (!contests_.empty()) {
    lines.push_back(
        fmt::format("interface {}: another program removes it whenever it is restored, {} times within "
                    "{} s: {}; from now on it is tried every {} s; make that program ignore {}",
                    interface_, kMaxRestores, kContest / std::chrono::seconds(1), listed(contests_),
                    kTruce / std::chrono::seconds(1), interface_));
  }
  losses_.clear();
  failures_.clear();
  contests_.clear();
  return lines;
}

Timestamp Keeper::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& [name, entry] : entries_) {
    if (!entry.present && !entry.blocked) next = std::min(next, entry.retry_at);
  }
  if (!losses_.empty() || !failures_.empty() || !contests_.empty()) next = std::min(next, next_log_);
  return next;
}

std::vector<Keeper::Missing> Keeper::missing() const {
  std::vector<Missing> out;
  for (const auto& [name, entry] : entries_) {
    if (!entry.present) out.push_back({name, entry.problem});
  }
  return out;
}

}  // namespace hawser::daemon::routing
