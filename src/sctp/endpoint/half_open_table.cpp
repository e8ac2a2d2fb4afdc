#include "sctp/endpoint/half_open_table.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sctp::endpoint {
namespace {

using association::Ended;
using association::Readiness;

constexpr Duration kSecond = std::chrono::seconds(1);

constexpr TokenBucket::Limit per_second(std::int64_t rate, std::int64_t burst) {
  return {burst, kSecond / std::max<std::int64_t>(rate, 1)};
}

// A prefix holds at most this part of the anonymous places.
constexpr std::size_t kShareDivisor = 8;
// An edge with several uplinks may complete a handshake over each of them at the same time.
constexpr std::size_t kProvenPerKey = 2;
constexpr TokenBucket::Limit kPerKey = per_second(1, 8);
// The least time between two looks at all members, unless there is work for them.
constexpr Duration kSettleInterval = std::chrono::milliseconds(10);

TokenBucket::Limit prefix_limit(const SecurityConfig& config) {
  const auto burst = static_cast<std::int64_t>(config.max_half_open / kShareDivisor);
  return per_second(config.unproven_rate, std::max<std::int64_t>(burst, 1));
}

}  // namespace

HalfOpenTable::HalfOpenTable(const SecurityConfig& config, RandomSource& random,
                             AssociationTable& associations, DropCounters& drops)
    : associations_(associations),
      drops_(drops),
      capacity_(std::max<std::size_t>(config.max_half_open, 1)),
      share_(std::max<std::size_t>(config.max_half_open / kShareDivisor, 1)),
      hash_(random),
      prefixes_(prefix_limit(config)),
      keys_(kPerKey) {}

// --- admission

std::optional<DropReason> HalfOpenTable::admit(Timestamp now, const IpAddress& source,
                                               std::uint16_t access_key) {
  if (now >= next_settle_) settle(now);
  const SourcePrefixes prefixes(hash_, source, access_key);
  if (!prefixes_.take(now, prefixes.buckets())) return DropReason::handshake_prefix_limited;
  if (take_budget(now, prefixes)) return std::nullopt;
  prefixes_.give_back(prefixes.buckets());
  return DropReason::handshake_budget_spent;
}

// A handshake costs about a millisecond of CPU time. Half of the budget is for prefixes that have used less
// than half of their tokens: crowds, and prefixes that prove nothing, leave it to the others.
bool HalfOpenTable::take_budget(Timestamp now, const SourcePrefixes& prefixes) {
  constexpr std::int64_t kRate = 500;
  constexpr TokenBucket::Limit kAll = per_second(kRate, kRate);
  constexpr TokenBucket::Limit kHalf = per_second(kRate, kRate / 2);
  return budget_.take(now, prefixes_.half_full(now, prefixes.buckets()) ? kAll : kHalf);
}

void HalfOpenTable::add(Timestamp now, Entry& association, const IpAddress& source,
                        std::uint16_t access_key) {
  const SourcePrefixes prefixes(hash_, source, access_key);
  make_room(now, prefixes);
  count(prefixes, 1);
  members_.push_back({association.id(), prefixes});
}

void HalfOpenTable::make_room(Timestamp now, const SourcePrefixes& prefixes) {
  const auto crowded = [&] {
    return anonymous_count_ >= capacity_ ||
           std::ranges::any_of(prefixes.buckets(),
                               [this](std::uint16_t prefix) { return anonymous_[prefix] >= share_; });
  };
  if (crowded()) settle(now);
  for (const std::uint16_t prefix : prefixes.buckets()) {
    if (anonymous_[prefix] >= share_) evict(now, most_crowded(prefix));
  }
  if (anonymous_count_ >= capacity_) evict(now, most_crowded(std::nullopt));
}

// --- members

void HalfOpenTable::settle(Timestamp now) {
  next_settle_ = now + kSettleInterval;
  const auto proofs = associations_.take_proofs();
  for (const auto& proof : proofs) {
    const auto member = std::ranges::find(members_, proof.association, &Member::id);
    if (member != members_.end()) on_proven(now, *member, proof.key);
  }
  std::erase_if(members_, [this](const Member& member) {
    const Entry* association = associations_.find(member.id);
    if (association != nullptr && association->readiness() != Readiness::confirmed) return false;
    if (!member.key) count(member.prefixes, -1);
    return true;
  });
  for (const auto& proof : proofs) limit_proven(now, proof.key);
}

// The limit by key bounds how often the owner of a key, which may be stolen, gets his handshakes for nothing.
void HalfOpenTable::on_proven(Timestamp now, Member& member, const crypto::PublicKey& key) {
  member.key = key;
  count(member.prefixes, -1);
  const std::uint16_t bucket = hash_(key.bytes(), 0);
  if (keys_.take(now, {&bucket, 1})) prefixes_.give_back(member.prefixes.buckets());
}

void HalfOpenTable::limit_proven(Timestamp now, const crypto::PublicKey& key) {
  std::size_t newer = 0;
  for (std::size_t i = members_.size(); i-- > 0;) {
    if (members_[i].key == key && ++newer > kProvenPerKey) evict(now, i);
  }
}

// The oldest anonymous member of the most crowded prefix: within the largest /48 that of the largest /56, and
// so on. `prefix`: only its members are considered. Expects one.
std::size_t HalfOpenTable::most_crowded(std::optional<std::uint16_t> prefix) const {
  std::size_t found = 0;
  Crowd largest{};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto buckets = members_[i].prefixes.buckets();
    const bool considered = !prefix || std::ranges::find(buckets, *prefix) != buckets.end();
    if (members_[i].key || !considered || crowd_around(members_[i]) <= largest) continue;
    found = i;
    largest = crowd_around(members_[i]);
  }
  return found;
}

HalfOpenTable::Crowd HalfOpenTable::crowd_around(const Member& member) const {
  const auto buckets = member.prefixes.buckets();
  Crowd crowd;
  for (std::size_t level = 0; level < crowd.size(); ++level)
    crowd[level] = anonymous_[buckets[std::min(level, buckets.size() - 1)]];
  return crowd;
}

void HalfOpenTable::evict(Timestamp now, std::size_t member) {
  const auto at = members_.begin() + static_cast<std::ptrdiff_t>(member);
  if (!at->key) count(at->prefixes, -1);
  Entry* association = associations_.find(at->id);
  members_.erase(at);
  drops_.add(DropReason::handshake_evicted);
  if (association == nullptr) return;
  association->end(now, Ended{Event::Kind::lost, 0, "a newer handshake needed its place", {}});
  associations_.touch(*association);
}

void HalfOpenTable::count(const SourcePrefixes& prefixes, int change) {
  for (const std::uint16_t prefix : prefixes.buckets())
    anonymous_[prefix] = static_cast<std::uint16_t>(anonymous_[prefix] + change);
  anonymous_count_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(anonymous_count_) + change);
}

}  // namespace hawser::sctp::endpoint
