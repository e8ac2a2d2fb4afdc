#include "wire.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "ecn.hpp"
#include "offload.hpp"

namespace hawser::linkem {
namespace {

constexpr std::uint32_t kEthernetHeader = 14;
constexpr std::size_t kFrameSlack = 64;  // Ethernet header, VLAN tags and alignment in addition to the MTU
constexpr std::size_t kMaxFrames = 1 << 17;  // shared by both directions
constexpr int kReadsPerTurn = 8;  // batches; a limit, so that one direction cannot starve the other

std::size_t frame_size_for(const PacketSocket& a, const PacketSocket& b) {
  return (std::max(a.mtu(), b.mtu()) + kFrameSlack + 63) / 64 * 64;
}

std::string without_offloads(const std::string& interface) {
  switch_offloads_off(interface);
  return interface;
}

}  // namespace

bool Direction::take_in() {
  arrived_.clear();
  for (int n = 0; n < kReadsPerTurn; ++n) {
    if (from_.receive(pool_, arrived_) < PacketSocket::kBatch) break;
  }
  for (const Frame& frame : arrived_) judge(frame);
  return !arrived_.empty();
}

// Rate and queue count IP packets, like the rate of an access provider; the Ethernet header does not count.
void Direction::judge(const Frame& frame) {
  const std::uint32_t ip_bytes = frame.length > kEthernetHeader ? frame.length - kEthernetHeader : 0;
  ++counters_.received;
  counters_.received_bytes += ip_bytes;
  const std::span<std::byte> bytes(pool_.data(frame.id), frame.length);
  if (model_.parameters().bleach) clear_ecn(bytes);
  const bool markable = model_.parameters().codel && may_be_marked(bytes);
  const Verdict verdict = model_.offer(frame.arrival, ip_bytes, markable);
  if (verdict.marked) {
    mark_congestion(bytes);
    ++counters_.marked;
  }
  switch (verdict.fate) {
    case Fate::kDelivered: return schedule({verdict.departure, verdict.delivery, frame});
    case Fate::kQueueFull: ++counters_.dropped_queue; break;
    case Fate::kManaged: ++counters_.dropped_codel; break;
    case Fate::kPoliced: ++counters_.dropped_policer; break;
    case Fate::kLost: ++counters_.dropped_loss; break;
    case Fate::kBlackholed: ++counters_.dropped_blackhole; break;
  }
  pool_.give_back(frame.id);
}

// A frame usually goes to the back of the queue. Reordering jitter, or a delay that became shorter, may put
// it further ahead.
void Direction::schedule(const Scheduled& scheduled) {
  auto place = in_flight_.end();
  while (place != in_flight_.begin() && std::prev(place)->delivery > scheduled.delivery) --place;
  in_flight_.insert(place, scheduled);
}

void Direction::set(const LinkParameters& parameters) {
  const RateChange change = model_.set(monotonic_now(), parameters);
  Timestamp last{};
  for (Scheduled& waiting : in_flight_) {
    const Timestamp departure = change.moved(waiting.departure);
    waiting.delivery = std::max(waiting.delivery + (departure - waiting.departure), last);
    waiting.departure = departure;
    last = waiting.delivery;
  }
  model_.keep_order_after(last);
}

void Direction::release(Timestamp now) {
  while (!in_flight_.empty() && in_flight_.front().delivery <= now) {
    const Frame frame = in_flight_.front().frame;
    lateness_.add(now - in_flight_.front().delivery);
    in_flight_.pop_front();
    if (model_.parameters().blackhole) {
      ++counters_.dropped_blackhole;
      pool_.give_back(frame.id);
      continue;
    }
    leaving_.push_back(frame);
    if (leaving_.size() == PacketSocket::kBatch) send_batch();
  }
  if (!leaving_.empty()) send_batch();
}

void Direction::send_batch() {
  const std::size_t sent = to_.send(pool_, leaving_);
  for (std::size_t n = 0; n < leaving_.size(); ++n) {
    if (n < sent) counters_.sent_bytes += leaving_[n].length - std::min(leaving_[n].length, kEthernetHeader);
    pool_.give_back(leaving_[n].id);
  }
  counters_.sent += sent;
  counters_.dropped_send += leaving_.size() - sent;
  leaving_.clear();
}

Wire::Wire(const std::string& a, const std::string& b, std::uint64_t seed)
    : a_(without_offloads(a)),
      b_(without_offloads(b)),
      pool_(frame_size_for(a_, b_), kMaxFrames),
      a2b_(a_, b_, pool_, seed),
      b2a_(b_, a_, pool_, seed + 1) {}

bool Wire::run_once() {
  const bool from_a = a2b_.take_in();
  const bool from_b = b2a_.take_in();
  const Timestamp now = monotonic_now();
  a2b_.release(now);
  b2a_.release(now);
  return from_a || from_b;
}

}  // namespace hawser::linkem
