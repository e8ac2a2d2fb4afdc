#include "sctp/tx/transmitter.hpp"

#include <algorithm>

#include "sctp/path/selection.hpp"

namespace hawser::sctp::tx {
namespace {

// Whether the round trip is known to be shorter.
bool sooner(const path::RttEstimator& a, const path::RttEstimator& b) {
  return a.measured() && (!b.measured() || a.srtt() < b.srtt());
}

// Whether the round trip is shorter by more than its usual variation.
bool clearly_sooner(const path::RttEstimator& a, const path::RttEstimator& b) {
  return sooner(a, b) && (!b.measured() || a.srtt() + a.srtt() / 8 + std::chrono::milliseconds(1) < b.srtt());
}

}  // namespace

Transmitter::Transmitter(const Context& context)
    : context_(context), scheduler_(path::make_scheduler(context.config)), copies_(context.config) {}

void Transmitter::on_established(bool nr_sack, std::size_t chunk_overhead) {
  nr_sack_ = nr_sack;
  chunk_overhead_ = chunk_overhead;
  context_.data.set_max_chunk_payload(unfragmented_size());
}

// UDP payload of the smallest packet that contains the next DATA chunk.
std::size_t Transmitter::next_packet_size() {
  return chunk_overhead_ + padded4(context_.data.next_chunk_size());
}

// A fragment that was made when the paths carried larger packets keeps its TSN, and so its size. It takes a
// path that carries it; if there is none, it leaves in a packet that IP may fragment (RFC 9260 §6.9).
path::Path* Transmitter::pick_path(Timestamp now) {
  const std::size_t size = next_packet_size();
  const path::Demand demand{context_.paths.any_carries(size) ? size : 0,
                            context_.data.queue().waiting_bytes(), context_.data.queue().none_behind(),
                            context_.data.next_is_urgent(), context_.data.whole_window()};
  return scheduler_->pick(context_.paths, now, pacing_deadline_, demand);
}

// Never an address that is not validated.
bool Transmitter::may_carry_sack(const path::Path& path) const {
  return path.lifecycle.active() || (path.proven() && !context_.paths.any_active());
}

// Among the paths that carried DATA, the one with the shortest round trip; when only some paths are owed a
// SACK of their own, one of them. Null: no path may carry it. The previous path is kept until another one is
// clearly faster: a SACK that overtakes earlier ones has to report all of their blocks again.
path::Path* Transmitter::sack_path(const rx::Receiver& receiver) {
  const rx::AckPolicy& acks = receiver.acks();
  const bool only_owed = !acks.due() && acks.any_owed();
  path::Path* best = nullptr;
  for (const auto& path : context_.paths) {
    const bool wanted = only_owed ? acks.owes(path->id) : acks.carried_data(path->id);
    if (!wanted || !may_carry_sack(*path)) continue;
    if (best == nullptr || sooner(path->rtt, best->rtt)) best = path.get();
  }
  if (only_owed) return best;
  path::Path* previous = context_.paths.find(acks.common_path());
  const bool usable = previous != nullptr && acks.carried_data(previous->id) && may_carry_sack(*previous);
  if (usable && best != nullptr && !clearly_sooner(best->rtt, previous->rtt)) return previous;
  if (best != nullptr) return best;
  path::Path* path = context_.paths.find(acks.last_path());
  if (path != nullptr && may_carry_sack(*path)) return path;
  path = context_.paths.for_control();
  return path != nullptr && path->proven() ? path : nullptr;
}

bool Transmitter::poll(Timestamp now, bool may_send_data, rx::Receiver& receiver, TransmitBatch& batch) {
  path::Path* path = nullptr;
  context_.data.set_max_chunk_payload(unfragmented_size());
  context_.data.size_buffer(context_.paths.windows());
  if (may_send_data && (poll_forward_tsn(now, batch) || poll_probe(now, batch))) return true;
  if (may_send_data && !context_.data.ready()) unblock_window(now);
  if (may_send_data && poll_copies(now, batch)) return true;
  if (may_send_data && context_.data.ready()) path = pick_path(now);
  if (path != nullptr && !context_.data.prepare(now, *path)) path = nullptr;
  const rx::AckPolicy& acks = receiver.acks();
  const bool same_path = path != nullptr && acks.pending() && path == sack_path(receiver);
  if ((acks.due() || acks.any_owed()) && !same_path && poll_sack(now, receiver, batch)) return true;
  if (path == nullptr) note_app_limited(now);
  if (path == nullptr) return false;
  fill_batch(*path, now, same_path ? &receiver : nullptr, batch);
  return !batch.empty();
}

void Transmitter::fill_batch(path::Path& path, Timestamp now, rx::Receiver* sack_from, TransmitBatch& batch) {
  path::PathFlight& flight = path.flight;
  batch.clear();
  batch.route = path.route;
  const std::size_t own_mtu = path.pmtu.payload();
  const std::size_t mtu = std::max(own_mtu, next_packet_size());
  batch.may_fragment = mtu > own_mtu;
  batch.ecn = ecn_of_data(path);
  const std::size_t burst = context_.config.max_burst * own_mtu;
  const std::uint64_t record = context_.writer.next_record(path.record);
  while (batch.has_room(mtu) && flight.bytes < path.congestion->cwnd() && path.ready_at() <= now &&
         !flight.sent.full() && context_.data.ready() && context_.data.prepare(now, path)) {
    // Packets that need no fragmentation get a batch of their own.
    if (batch.may_fragment && next_packet_size() <= own_mtu) break;
    PacketBuilder packet = context_.writer.begin(batch.next(mtu));
    if (!batch.empty()) packet.set_dscp(batch.dscp);
    const bool with_sack =
        sack_from != nullptr && batch.empty() && worth_bundling(now, packet, path, *sack_from);
    if (with_sack) add_sack(now, path, packet, *sack_from);
    const std::uint64_t first = context_.data.outstanding().next_tsn();
    const std::size_t bytes = context_.data.fill(packet, path, flight.sent.next(), now);
    copies_.on_sent(context_.data.outstanding(), first, context_.data.outstanding().next_tsn(), now);
    if (bytes == 0 && !with_sack) break;
    const std::size_t size = packet.finish();
    const std::uint64_t position = batch.sizes().size();
    batch.commit(size);
    batch.dscp = packet.dscp().value_or(0);
    path.on_sent(now, size);
    if (bytes == 0) continue;
    note_ecn(path, batch.ecn);
    if (!batch.may_fragment)
      context_.data.outstanding().set_newest_packet_size(path, path.pmtu.size_class(size));
    path.on_data_sent(now, size, record == 0 ? 0 : record + position, burst);
    context_.recovery.on_sent(path, now);
  }
}

// Begins the only packet of a batch.
PacketBuilder Transmitter::begin_alone(const path::Path& path, std::size_t room, TransmitBatch& batch) const {
  batch.clear();
  batch.route = path.route;
  return context_.writer.begin(batch.next(room));
}

// Returns the size of that packet.
std::size_t Transmitter::finish_alone(Timestamp now, path::Path& path, PacketBuilder& packet,
                                      TransmitBatch& batch) {
  const std::size_t size = packet.finish();
  batch.commit(size);
  batch.dscp = packet.dscp().value_or(0);
  path.on_sent(now, size);
  return size;
}

// That packet holds DATA.
void Transmitter::on_data_alone(Timestamp now, path::Path& path, std::size_t size, Ecn field) const {
  note_ecn(path, field);
  path.on_data_sent(now, size, context_.writer.next_record(path.record),
                    context_.config.max_burst * path.pmtu.payload());
}

// A tail loss probe leaves whatever the congestion window permits (RFC 8985 §7.3).
bool Transmitter::poll_probe(Timestamp now, TransmitBatch& batch) {
  for (const auto& path : context_.paths) {
    path::PathFlight& flight = path->flight;
    if (!flight.probe_due) continue;
    flight.probe_due = false;
    if (flight.newest == path::kNoTsn) continue;
    PacketBuilder packet = begin_alone(*path, path->pmtu.payload(), batch);
    batch.ecn = ecn_of_data(*path);
    if (flight.sent.full() || !context_.data.fill_probe(packet, *path, flight.sent.next(), now)) {
      context_.recovery.probe_by_heartbeat(*path, now);
      continue;
    }
    const std::size_t size = finish_alone(now, *path, packet, batch);
    context_.data.outstanding().set_newest_packet_size(*path, path->pmtu.size_class(size));
    on_data_alone(now, *path, size, batch.ecn);
    context_.recovery.on_probe_sent(*path, now);
    return true;
  }
  return false;
}

// The path with the shortest round trip that has room for a copy of what left on `original`. Sets
// copy_deadline_ where only pacing holds one back. Null otherwise.
path::Path* Transmitter::path_for_copy(Timestamp now, const path::Path& original) {
  path::Path* best = nullptr;
  const unsigned rank = path::usage_rank(path::data_class(original));  // a backup path carries no copies
  for (const auto& path : context_.paths) {
    const path::DataClass data_class = path::data_class(*path);
    if (path.get() == &original || !path::carries_data(data_class) || path::usage_rank(data_class) > rank)
      continue;
    if (path->flight.bytes >= path->congestion->cwnd() || path->flight.sent.full()) continue;
    if (path->ready_at() > now) {
      copy_deadline_ = std::min(copy_deadline_, path->ready_at());
    } else if (best == nullptr || sooner(path->rtt, best->rtt)) {
      best = path.get();
    }
  }
  return best;
}

// A copy counts in the window, the pacer and the cap of its path like any packet.
bool Transmitter::poll_copies(Timestamp now, TransmitBatch& batch) {
  const path::Path* original = copies_.next(context_.data.outstanding(), now);
  if (original == nullptr) return false;
  path::Path* path = path_for_copy(now, *original);
  if (path == nullptr) {
    if (copy_deadline_ == kNever) copies_.drop();
    return false;
  }
  PacketBuilder packet = begin_alone(*path, path->pmtu.payload(), batch);
  batch.ecn = ecn_of_data(*path);
  if (copies_.fill(context_.data.outstanding(), packet, *path, now) == 0) {
    copies_.drop_next();  // it is larger than what this path carries
    return false;
  }
  const std::size_t size = finish_alone(now, *path, packet, batch);
  const path::PacketNumber number = path->flight.sent.next();
  on_data_alone(now, *path, size, batch.ecn);
  path->flight.make_loose(number);
  return true;
}

// The window is full, and begins with chunks on a slow path: a faster one delivers them sooner, unless their
// acknowledgement is expected before that of a copy. Chunks that are lost are not meant; their path notices.
void Transmitter::unblock_window(Timestamp now) {
  const Outstanding& outstanding = context_.data.outstanding();
  if (outstanding.has_queued() || context_.data.next_chunk_size() == 0) return;
  const path::Path* slow = Copies::window_holder(outstanding);
  if (slow == nullptr || !slow->rtt.measured()) return;
  const Timestamp expected = outstanding.sent_at(slow->flight.oldest) + slow->rtt.srtt();
  const path::Path* fast = path_for_copy(now, *slow);
  if (fast == nullptr || !clearly_sooner(fast->rtt, slow->rtt)) return;
  if (expected < now || expected > now + fast->rtt.srtt()) copies_.on_window_full(outstanding, *slow, now);
}

// A path that has room although nothing leaves on it is not what limits the rate.
void Transmitter::note_app_limited(Timestamp now) {
  for (const auto& path : context_.paths) {
    const bool room = path->flight.bytes < path->congestion->cwnd() && path->ready_at() <= now;
    if (room) path->flight.rate.on_app_limited(path->flight.bytes);
  }
}

// Only PATH ACKs report marks, and only sealed packets are reported there.
Ecn Transmitter::ecn_of_data(path::Path& path) const {
  return context_.writer.seals() ? path.ecn.next_field(path.counters.timeouts) : Ecn::not_ect;
}

void Transmitter::note_ecn(path::Path& path, Ecn field) const {
  if (context_.writer.seals()) path.ecn.on_sent();
  if (field == Ecn::ect0) ++path.counters.ect_sent;
}

// A SACK that is due is bundled with DATA on the same path; one that is not due yet only where it needs no
// additional packet.
bool Transmitter::worth_bundling(Timestamp now, const PacketBuilder& packet, const path::Path& path,
                                 const rx::Receiver& receiver) {
  const rx::AckPolicy& acks = receiver.acks();
  if (acks.due() || acks.any_owed()) return true;
  const std::size_t room = packet.room_for(sack_type());
  const std::size_t size = receiver.sack_size(now, sack_format(path), room);
  return acks.may_leave_early(size) &&
         padded4(size) + wire::kDataHeaderSize + padded4(context_.data.next_chunk_size()) <= room;
}

rx::SackFormat Transmitter::sack_format(const path::Path& path) const {
  return {nr_sack_, context_.writer.seals(), path.id};
}

void Transmitter::add_sack(Timestamp now, const path::Path& path, PacketBuilder& packet,
                           rx::Receiver& receiver) const {
  const std::size_t room = packet.room_for(sack_type());
  receiver.write_sack(now, packet.begin_chunk(sack_type()), sack_format(path), room);
}

// RFC 3758 §3.5 C3. Alone in its packet: at most one leaves per round trip.
bool Transmitter::poll_forward_tsn(Timestamp now, TransmitBatch& batch) {
  PartialReliability& reliability = context_.data.reliability();
  if (!reliability.due(now)) return false;
  path::Path* path = context_.paths.for_control();
  const bool usable = path != nullptr && path->lifecycle.active();
  reliability.set_blocked(!usable);
  if (!usable) return false;
  PacketBuilder packet = begin_alone(*path, path->pmtu.safe_payload(), batch);
  reliability.write(packet.begin_chunk(wire::ChunkType::kForwardTsn));
  finish_alone(now, *path, packet, batch);
  reliability.on_sent(now, *path);
  return true;
}

bool Transmitter::poll_sack(Timestamp now, rx::Receiver& receiver, TransmitBatch& batch) {
  path::Path* path = sack_path(receiver);
  if (path == nullptr) {
    receiver.cancel_owed_sacks(now);
    return false;
  }
  PacketBuilder packet = begin_alone(*path, path->pmtu.safe_payload(), batch);
  add_sack(now, *path, packet, receiver);
  finish_alone(now, *path, packet, batch);
  return true;
}

wire::ChunkType Transmitter::sack_type() const {
  return nr_sack_ ? wire::ChunkType::kNrSack : wire::ChunkType::kSack;
}

}  // namespace hawser::sctp::tx
