#include "sctp/rx/ack_policy.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sctp::rx {
namespace {

constexpr unsigned kPacketsPerPlainSack = 2;  // RFC 9260 §6.2
constexpr unsigned kPacketsPerAck = 16;
// Bytes received for each byte of acknowledgements: 1 %.
constexpr std::size_t kShare = 100;
// IPv4, UDP, common header, seal, and the fixed part of a PATH ACK with one entry and of an NR-SACK.
constexpr std::size_t kTypicalAck = 20 + 8 + 12 + 28 + 24 + 20;
constexpr std::size_t kPacketOverhead = 20 + 8 + 12 + 28;
constexpr Duration kEarlyLimit = std::chrono::milliseconds(5);
constexpr Duration kShortest = std::chrono::milliseconds(1);
// The window of the sender is small at first, and grows with each acknowledgement.
constexpr unsigned kFirstPackets = 32;
constexpr unsigned kPacketsAfterPause = 4;
// Paths without DATA for longer do not count for the longest round trip.
constexpr Duration kRecently = std::chrono::seconds(5);
constexpr Duration kPause = std::chrono::milliseconds(100);
// A loss is certain when packets after it were acknowledged, usually three.
constexpr unsigned kPacketsAfterGap = 3;
// At most 2 % of the received bytes, when a path reorders all the time.
constexpr std::size_t kGapShare = 50;
constexpr std::size_t kMaxGapCredit = 2'000;
// An acknowledgement for one path alone: after this time, or a quarter of its round trip, if 50 times its
// size has arrived there; otherwise after four times that.
constexpr Duration kOwnInterval = std::chrono::milliseconds(25);
constexpr std::size_t kOwnShare = 50;
constexpr int kOwnPatience = 4;

}  // namespace

AckPolicy::AckPolicy(Duration sack_delay, std::size_t max_paths)
    : sack_delay_(sack_delay), limit_(2 * max_paths), ack_size_(kTypicalAck), gap_credit_(kMaxGapCredit) {}

void AckPolicy::on_packet(Timestamp now, PathId path, bool urgent) {
  last_path_ = path;
  sealed_ = false;
  const bool first = !std::exchange(any_packet_, true);
  ++packets_;
  if (urgent || first || packets_ >= kPacketsPerPlainSack) due_ = true;
  deadline_ = std::min(deadline_, now + sack_delay_);
}

void AckPolicy::on_packet(Timestamp now, const SealedPacket& packet) {
  last_path_ = packet.path;
  any_packet_ = sealed_ = true;
  Source& source = source_of(packet.path);
  const bool paused = now - source.last_packet > std::max(kPause, packet.srtt);
  if (paused) source.at_once = std::max(source.at_once, kPacketsAfterPause);
  if (packet.irregular) allow_for_gap(source);
  gap_credit_ = std::min(kMaxGapCredit, gap_credit_ + packet.bytes / kGapShare);
  source.srtt = packet.srtt;
  source.last_packet = last_packet_ = now;
  source.own_bytes += packet.bytes;
  ++packets_;
  bytes_ += packet.bytes;
  if (packet.urgent || source.at_once != 0 || packets_ >= kPacketsPerAck) due_ = true;
  if (source.at_once != 0) --source.at_once;
  plan(now, packet.srtt);
  plan_own(now, source);
}

AckPolicy::Source& AckPolicy::source_of(PathId path) {
  const auto found = std::ranges::find(sources_, path, &Source::path);
  if (found != sources_.end()) return *found;
  const Source fresh{.path = path, .at_once = kFirstPackets};
  if (sources_.size() < limit_) return sources_.emplace_back(fresh);
  Source& oldest = *std::ranges::min_element(sources_, {}, &Source::last_packet);
  if (oldest.owed) --owed_;
  return oldest = fresh;
}

void AckPolicy::plan(Timestamp now, Duration srtt) {
  const bool measured = srtt != Duration::zero();
  const Duration late = measured ? std::max(kShortest, std::min(srtt / 4, sack_delay_)) : sack_delay_;
  const Duration early = measured ? std::max(kShortest, std::min(srtt / 8, kEarlyLimit)) : sack_delay_;
  late_ = std::min(late_, now + late);
  early_ = std::min({early_, late_, now + early});
  deadline_ = bytes_ >= kShare * ack_size_ ? early_ : late_;
  if (deadline_ <= now) due_ = true;
}

void AckPolicy::plan_own(Timestamp now, Source& source) {
  if (source.owed) return;
  const Duration interval = std::max(kOwnInterval, source.srtt / 4);
  if (source.first_own == kNever) source.first_own = std::max(now, source.last_own + interval);
  const bool cheap = source.own_bytes >= kOwnShare * ack_size_;
  source.own_at = source.first_own + (cheap ? 0 : kOwnPatience - 1) * interval;
  if (source.own_at <= now) owe(source);
}

// A path that reorders all the time shows gaps all the time.
void AckPolicy::allow_for_gap(Source& source) {
  const std::size_t cost = kPacketsAfterGap * ack_size_;
  if (gap_credit_ < cost) return;
  gap_credit_ -= cost;
  source.at_once = std::max(source.at_once, kPacketsAfterGap);
}

void AckPolicy::owe(Source& source) {
  source.owed = true;
  source.own_at = kNever;
  ++owed_;
}

void AckPolicy::on_timeout(Timestamp now) {
  if (deadline_ <= now) due_ = true;
  for (Source& source : sources_) {
    if (source.own_at <= now) owe(source);
  }
}

void AckPolicy::on_sent(Timestamp now, PathId path, std::size_t bytes) {
  ack_size_ = bytes + kPacketOverhead;
  if (!only_owed(path)) {
    due_ = false;
    packets_ = 0;
    bytes_ = 0;
    early_ = late_ = deadline_ = kNever;
    common_path_ = path;
  }
  for (Source& source : sources_) {
    if (source.path == path) settle(now, source);
  }
}

void AckPolicy::settle(Timestamp now, Source& source) {
  if (source.owed) --owed_;
  source.owed = false;
  source.own_at = source.first_own = kNever;
  source.own_bytes = 0;
  source.last_own = now;
}

void AckPolicy::cancel_owed(Timestamp now) {
  for (Source& source : sources_) {
    if (source.owed) settle(now, source);
  }
}

bool AckPolicy::owes(PathId path) const {
  const auto found = std::ranges::find(sources_, path, &Source::path);
  return found != sources_.end() && found->owed;
}

bool AckPolicy::may_leave_early(std::size_t bytes) const {
  return packets_ != 0 && (!sealed_ || bytes_ >= kShare * bytes);
}

Timestamp AckPolicy::deadline() const {
  Timestamp next = due_ ? kNever : deadline_;
  for (const Source& source : sources_) next = std::min(next, source.own_at);
  return next;
}

bool AckPolicy::carried_data(PathId path) const {
  if (!sealed_) return path == last_path_;
  const auto found = std::ranges::find(sources_, path, &Source::path);
  return found != sources_.end() &&
         last_packet_ - found->last_packet <= std::max(kOwnInterval, found->srtt / 4);
}

Duration AckPolicy::longest_srtt() const {
  Duration longest{};
  for (const Source& source : sources_) {
    if (last_packet_ - source.last_packet < kRecently) longest = std::max(longest, source.srtt);
  }
  return longest;
}

}  // namespace hawser::sctp::rx
