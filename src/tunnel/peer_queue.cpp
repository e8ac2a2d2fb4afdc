#include "tunnel/peer_queue.hpp"

#include <algorithm>
#include <utility>

#include "tunnel/ppid.hpp"
#include "tunnel/tcp_segment.hpp"

namespace hawser::tunnel {
namespace {

using sctp::TrafficClass;

constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kRealtimeShare = 8;  // of the limit, that the real-time class may hold

// What is left of the lifetime of a packet that has waited. Zero would mean for ever.
Duration remaining(Duration waited, bool perishable) {
  const Duration lifetime = perishable ? PeerQueue::kRealtimeLifetime : PeerQueue::kLifetime;
  return std::max(lifetime - waited, Duration{1});
}

}  // namespace

static_assert(FqCodel::kFlows == TrafficClassifier::kFlows);

PeerQueue::PeerQueue(const Config& config, PacketStore& store, DropCounters& drops)
    : config_(config),
      realtime_({.limit = config.limit / kRealtimeShare, .max_age = kRealtimeMaxAge}, store, drops),
      bulk_({.limit = config.limit, .max_age = kBulkMaxAge}, store, drops) {
  // Real-time flows do not slow down, so that a drop gains nothing before the packet is of no use.
  realtime_.set_codel({.target = kRealtimeMaxAge, .interval = kRealtimeMaxAge});
}

void PeerQueue::push(Timestamp now, Buffer packet, const IpPacket& ip) {
  const auto flow = static_cast<std::uint16_t>(flow_hash(ip, config_.hash_seed) % FqCodel::kFlows);
  const TrafficClass traffic_class = classifier_.classify(now, ip, flow, bulk_.holds(flow));
  const bool realtime = traffic_class == TrafficClass::realtime;
  // TCP takes data that overtakes other data for a sign of a loss. An acknowledgement that waits for a lost
  // one, or for one on a slower path, only delays its sender.
  const bool perishable = realtime && ip.protocol != kTcp;
  const bool unordered = perishable || TcpSegment(ip, packet.bytes()).is_pure_acknowledgement();
  const std::uint8_t dscp = config_.copy_dscp ? ip.dscp : std::uint8_t{0};
  (realtime ? realtime_ : bulk_)
      .push({std::move(packet), now, flow, ip.version == 6, unordered, perishable, dscp});
}

bool PeerQueue::next(Timestamp now, TrafficClass traffic_class, sctp::OutgoingMessage& out) {
  const bool realtime = traffic_class == TrafficClass::realtime;
  QueuedPacket packet;
  if (!(realtime ? realtime_ : bulk_).pop(now, packet)) return false;
  hand_over(now, packet, traffic_class, out);
  return true;
}

// Flows that share a stream would take each other's places.
bool PeerQueue::next_behind(Timestamp now, std::size_t bytes, sctp::OutgoingMessage& out) {
  if (flow_streams_ < FqCodel::kFlows) return next(now, TrafficClass::bulk, out);
  QueuedPacket packet;
  if (!bulk_.pop_behind(now, bytes, packet, out.ahead)) return false;
  hand_over(now, packet, TrafficClass::bulk, out);
  return true;
}

// A packet leaves the queue of its class as a message.
void PeerQueue::hand_over(Timestamp now, QueuedPacket& packet, TrafficClass traffic_class,
                          sctp::OutgoingMessage& out) {
  const std::size_t size = packet.bytes.size();
  // The engine uses stream 0 for its keys, so that no flow delays them. With a single stream, flows share it.
  const std::uint32_t stream = flow_streams_ == 0 ? 0 : 1 + packet.flow % flow_streams_;
  out.message = std::move(packet.bytes);
  out.options = {.stream = sctp::StreamId{static_cast<std::uint16_t>(stream)},
                 .ppid = packet.v6 ? kPpidIpv6 : kPpidIpv4,
                 .unordered = packet.unordered,
                 .dscp = packet.dscp,
                 .lifetime = remaining(now - packet.since, packet.perishable)};
  if (packet.perishable) out.options.max_retransmissions = kRealtimeRetransmissions;
  classifier_.on_sent(now, size);
  ++sent_.packets;
  sent_.bytes += size;
  sent_.realtime_packets += traffic_class == TrafficClass::realtime;
}

// The bulk class has more to give.
void PeerQueue::shed() {
  (bulk_.packets() != 0 ? bulk_ : realtime_).shed();
}

std::size_t PeerQueue::clear() {
  const std::size_t count = packets();
  realtime_.clear();
  bulk_.clear();
  return count;
}

PeerQueue::Counters PeerQueue::counters() const {
  Counters out = sent_;
  for (const FqCodel* queue : {&realtime_, &bulk_}) {
    out.marked += queue->counters().marked;
    out.codel += queue->counters().codel;
    out.overflow += queue->counters().overflow;
    out.aged += queue->counters().aged;
  }
  return out;
}

void PeerQueue::reset_counters() {
  sent_ = {};
  realtime_.reset_counters();
  bulk_.reset_counters();
}

void PeerQueue::set_round_trip(Duration round_trip) {
  const CodelParameters least;
  bulk_.set_codel(
      {.target = std::max(least.target, round_trip), .interval = std::max(least.interval, round_trip)});
}

}  // namespace hawser::tunnel
