#include "tunnel/traffic_class.hpp"

#include <algorithm>
#include <chrono>

namespace hawser::tunnel {
namespace {

using sctp::TrafficClass;
using std::chrono::milliseconds;

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpV6 = 58;
constexpr std::uint16_t kDns = 53;

constexpr std::size_t kSmall = 300;        // bytes, of packets of a flow without a DSCP
constexpr std::size_t kSmallAnswer = 600;  // bytes, of ICMP and DNS
constexpr Duration kBurst = milliseconds(100);
// How long a flow stays bulk after it was too large or too fast. Its packets must not change between the
// classes at every burst, because those of the real-time class overtake.
constexpr Duration kPenalty = milliseconds(1000);
// The time over which the rate of all traffic is measured.
constexpr Duration kRateWindow = milliseconds(500);

// What a flow claims to be.
enum class Claim : std::uint8_t {
  none,
  marked,  ///< by its DSCP
  small,   ///< by its protocol and the size of this packet
  large,   ///< it may have claimed to be small, and is not
};

Claim claim_of(const IpPacket& packet) {
  if (is_realtime_dscp(packet.dscp)) return Claim::marked;
  if (packet.protocol == kIcmp || packet.protocol == kIcmpV6)
    return packet.total_length <= kSmallAnswer && !packet.fragment ? Claim::small : Claim::none;
  const bool dns = packet.source_port == kDns || packet.destination_port == kDns;
  if (packet.protocol == kTcp) return dns && packet.total_length <= kSmallAnswer ? Claim::small : Claim::none;
  if (packet.protocol != kUdp || packet.fragment) return Claim::none;
  return packet.total_length <= (dns ? kSmallAnswer : kSmall) ? Claim::small : Claim::large;
}

Duration time_of(std::size_t bytes, double rate) {
  return Duration(static_cast<Duration::rep>(1e9 * static_cast<double>(bytes) / rate));
}

}  // namespace

bool is_realtime_dscp(std::uint8_t dscp) {
  switch (dscp) {
    case 34:               // AF41
    case 36:               // AF42
    case 38:               // AF43
    case 40:               // CS5
    case 44:               // VA
    case 46:               // EF
    case 48:               // CS6
    case 56: return true;  // CS7
    default: return false;
  }
}

bool RateMeter::take(Timestamp now, std::size_t bytes, double rate, Duration burst) {
  const Timestamp paid = std::max(paid_, now) + time_of(bytes, rate);
  if (paid - now > burst) return false;
  paid_ = paid;
  return true;
}

// An excluded flow returns when the penalty is over, unless it goes on sending at the rate or above it.
bool RateMeter::take_or_exclude(Timestamp now, std::size_t bytes, double rate, Duration burst,
                                Duration penalty) {
  const bool excluded = paid_ > now + burst;
  if (!excluded && take(now, bytes, rate, burst)) return true;
  const Timestamp longest = now + burst + penalty;
  paid_ = excluded ? std::min(paid_ + time_of(bytes, rate), longest) : longest;
  return false;
}

TrafficClass TrafficClassifier::classify(Timestamp now, const IpPacket& packet, std::uint16_t flow,
                                         bool behind_bulk) {
  const Claim claim = claim_of(packet);
  if (claim == Claim::none) return TrafficClass::bulk;
  if (flows_.empty()) flows_.resize(kFlows);
  RateMeter& meter = flows_[flow];
  // A flow with large packets, such as QUIC, takes its small ones for reordered when they overtake.
  const double share = rate();
  const double limit = claim == Claim::marked ? share / 2 : kSmallFlowRate;
  if (claim == Claim::large) {
    meter.exclude(now, kBurst, kPenalty);
    return TrafficClass::bulk;
  }
  if (!meter.take_or_exclude(now, packet.total_length, limit, kBurst, kPenalty)) return TrafficClass::bulk;
  if (behind_bulk || !all_.take(now, packet.total_length, share, kBurst)) return TrafficClass::bulk;
  return TrafficClass::realtime;
}

void TrafficClassifier::on_sent(Timestamp now, std::size_t bytes) {
  if (window_start_ == Timestamp::min()) window_start_ = now;
  const Duration window = now - window_start_;
  if (window >= kRateWindow) {
    recent_rate_ = static_cast<double>(window_bytes_) / std::chrono::duration<double>(window).count();
    window_start_ = now;
    window_bytes_ = 0;
  }
  window_bytes_ += bytes;
}

double TrafficClassifier::rate() const {
  return std::max(kMinRate, kShare * recent_rate_);
}

}  // namespace hawser::tunnel
