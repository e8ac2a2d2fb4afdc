#include "sctp/path/pmtu/search.hpp"

#include <algorithm>
#include <array>

namespace hawser::sctp::path {
namespace {

constexpr std::size_t kIpv4Headers = 20 + 8;
constexpr std::size_t kIpv6Headers = 40 + 8;

// Ethernet; PPPoE; tunnels over either (IPIP, GRE, WireGuard); the sizes that LTE and DS-Lite networks
// assign.
constexpr std::array<std::size_t, 8> kUsual = {1500, 1492, 1472, 1460, 1440, 1420, 1400, 1380};

constexpr std::size_t whole_words(std::size_t size) {
  return size & ~std::size_t{3};
}

}  // namespace

PmtuDiscovery::PmtuDiscovery(const IpAddress& remote, const EndpointConfig& config)
    : enabled_(config.path_mtu_discovery),
      headers_(remote.is_v4() ? kIpv4Headers : kIpv6Headers),
      floor_(std::min(remote.is_v4() ? kIpv4Floor : kBase, whole_words(config.path_mtu))),
      base_(std::min(kBase, whole_words(config.path_mtu))),
      max_(whole_words(config.path_mtu)),
      base_payload_(payload_of(base_)),
      floor_payload_(payload_of(floor_)) {
  set_size(enabled_ ? base_ : max_);
  // On most paths a probe of the largest size completes the search in one round trip (§5.3.3: the first probe
  // may be larger than the base).
  if (enabled_ && max_ > floor_) {
    due_ = max_;
  } else {
    state_ = State::complete;
    has_result_ = true;
  }
}

std::size_t PmtuDiscovery::max_payload(const IpAddress& remote, const EndpointConfig& config) {
  return whole_words(config.path_mtu) - (remote.is_v4() ? kIpv4Headers : kIpv6Headers);
}

void PmtuDiscovery::set_size(std::size_t size) {
  size_ = size;
  payload_ = payload_of(size);
  safe_payload_ = payload_of(std::min(size, base_));
}

// --- probes

std::size_t PmtuDiscovery::due_probe(bool active) const {
  return due_ != 0 && (active || verifying_) ? payload_of(due_) : 0;
}

void PmtuDiscovery::on_probe_sent(std::uint64_t nonce, Timestamp now, Duration patience) {
  probe_ = {due_, nonce, now, now + patience};
  due_ = 0;
  others_lost_ = false;
}

bool PmtuDiscovery::on_probe_acked(std::uint64_t nonce, Timestamp now) {
  if (probe_.deadline == kNever || probe_.nonce != nonce) return false;
  probe_.deadline = kNever;
  verifying_ = false;
  lost_ = 0;
  forget_losses();
  if (probe_.size > size_) set_size(probe_.size);
  has_result_ |= size_ > base_ || size_ == max_;
  go_on(now);
  return true;
}

bool PmtuDiscovery::on_timeout(Timestamp now, bool active) {
  if (raise_at_ <= now) {
    raise_at_ = kNever;
    fails_ = kNothing;
    if (probe_.deadline == kNever && due_ == 0) go_on(now);
  }
  if (probe_.deadline > now) return false;
  probe_.deadline = kNever;
  // Where smaller packets are lost as well, as by a policer, the loss of a larger one says little.
  const bool excused = others_lost_ && probe_.size > size_ && ++excused_ <= kMostExcused;
  on_probe_lost(now, active && !excused);
  return true;
}

// A lost probe is neither a sign of congestion nor an error of the path (§3).
void PmtuDiscovery::on_probe_lost(Timestamp now, bool active) {
  due_ = probe_.size;
  if (verifying_) {
    // The HEARTBEAT after it was lost as well, so the loss has no relation to the size.
    if (++lost_ < kMaxProbes) return;
    verifying_ = false;
    lost_ = 0;
    return go_on(now);
  }
  if (!active) return;
  if (probe_.size > base_ && size_ <= base_ && ++hopeful_lost_ >= kLostBeforeResult) has_result_ = true;
  const bool hopeful = state_ == State::base && probe_.size > base_;
  if (!hopeful && ++lost_ < kMaxProbes) return;
  lost_ = 0;
  if (hopeful) {
    due_ = base_;
  } else if (state_ == State::base) {
    fall_back(now);
  } else {
    fails_ = std::min(fails_, probe_.size);
    go_on(now);
  }
}

// The next step: a probe of a larger size, or the end of the search.
void PmtuDiscovery::go_on(Timestamp now) {
  excused_ = 0;
  due_ = candidate();
  const bool done = due_ == 0;
  state_ = size_ < base_ ? State::error : done ? State::complete : State::searching;
  if (!done) {
    raise_at_ = kNever;
  } else if (size_ < max_ && raise_at_ == kNever) {
    // When not even the base has passed, the cause may not have been its size.
    const bool doubtful = size_ == floor_ && fails_ <= base_;
    raise_at_ = now + (doubtful ? kErrorInterval : kRaiseInterval);
  }
}

// The search (§5.3.2): the largest size, then the usual sizes of networks, then bisection of the rest.
std::size_t PmtuDiscovery::candidate() const {
  if (size_ < base_ && fails_ > base_) return base_;
  if (fails_ > max_) return size_ < max_ ? max_ : 0;
  for (const std::size_t usual : kUsual) {
    if (usual > size_ && usual < fails_) return usual;
  }
  return fails_ - size_ > kGranularity ? whole_words(size_ + (fails_ - size_) / 2) : 0;
}

Timestamp PmtuDiscovery::next_timeout() const {
  return std::min(probe_.deadline, raise_at_);
}

// --- black holes

void PmtuDiscovery::on_lost(PacketSize size, std::size_t bytes, unsigned transmissions) {
  others_lost_ = true;
  const bool large = size == PacketSize::large;
  const bool medium =
      size == PacketSize::medium && (size_ <= base_ || transmissions >= kLossesBeforeSuspicion);
  if (large) ++large_lost_;
  if (medium) ++medium_lost_;
  if ((large || medium) && bytes != 0) smallest_lost_ = std::min(smallest_lost_, bytes);
}

void PmtuDiscovery::on_delivered(PacketSize largest, std::size_t bytes) {
  if (verifying_ && largest != PacketSize::small && bytes >= smallest_lost_) end_verification();
  if (largest >= PacketSize::medium) medium_lost_ = 0;
  if (largest >= PacketSize::large) large_lost_ = 0;
  if (suspicious_losses() == 0 && !verifying_) smallest_lost_ = kNothing;
}

void PmtuDiscovery::forget_losses() {
  medium_lost_ = large_lost_ = 0;
  smallest_lost_ = kNothing;
}

void PmtuDiscovery::end_verification() {
  verifying_ = false;
  lost_ = 0;
  probe_.deadline = kNever;
  due_ = settled() ? 0 : candidate();
}

void PmtuDiscovery::verify() {
  if (!enabled_ || verifying_ || size_ <= floor_) return;
  verifying_ = true;
  lost_ = too_large_ = 0;
  probe_.deadline = kNever;
  due_ = size_;
}

bool PmtuDiscovery::on_small_answered(Timestamp sent, Timestamp now) {
  if (!verifying_ || probe_.deadline == kNever || sent < probe_.sent_at) return false;
  probe_.deadline = kNever;
  due_ = probe_.size;
  if (++too_large_ < kProbesTooLarge) return false;
  fall_back(now);
  return true;
}

// Earlier results are no longer valid.
void PmtuDiscovery::fall_back(Timestamp now) {
  has_result_ = true;
  verifying_ = false;
  lost_ = 0;
  forget_losses();
  fails_ = kNothing;
  raise_at_ = kNever;
  if (size_ > base_) {
    set_size(base_);
    state_ = State::base;
    due_ = base_;
  } else {
    set_size(floor_);
    fails_ = state_ == State::base ? base_ : kNothing;
    go_on(now);
  }
}

void PmtuDiscovery::on_moved() {
  forget_losses();
  fails_ = kNothing;
  verifying_ = false;
  probe_.deadline = kNever;
  verify();
}

}  // namespace hawser::sctp::path
