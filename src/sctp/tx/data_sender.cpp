// The way of a sent packet with DATA (docs/life-of-a-packet.md, steps 5 to 9, and 22 for the answer):
//
//  1. The message waits in the user's MessageSource, or Endpoint::send has reached DataSender::enqueue.
//  2. Output::build: probes and control chunks leave first, then Transmitter::poll.
//  3. Transmitter::pick_path: the scheduler chooses a path with room in window, pacer and cap.
//  4. Transmitter::fill_batch begins packets back to back; PacketWriter::begin writes the common header.
//  5. DataSender::fill adds chunks while they fit: lost ones by send_again, new ones by send_new, which takes
//     their messages from the source.
//  6. DataSender::cut makes a chunk of a message or of a part of it, and gives it its SSN.
//  7. Outstanding::append gives the chunk its TSN and keeps it until it is acknowledged.
//  8. PacketBuilder::add_data copies the payload into the batch.
//  9. Outstanding::on_sent notes path, packet number and time, and puts the chunk into the list of its path.
// 10. PacketBuilder::finish closes the packet; fill_batch starts T3-rtx and the pacer.
// 11. PacketWriter::finish seals each packet of the batch (RecordLayer::seal) or writes its CRC32c.
// 12. The SACK comes back: DataSender::on_sack, Outstanding::acknowledge, then LossRecovery::on_sack.

#include "sctp/tx/data_sender.hpp"

#include <algorithm>

#include "base/serial.hpp"

namespace hawser::sctp::tx {
namespace {

// Gives the message its SSN if it begins with the chunk `tsn`. `base`: no unwrapped TSN below it is in
// flight. False: the message has to wait.
bool take_number(StreamNumbers& numbers, SendQueue::Pending& pending, std::uint64_t tsn, std::uint64_t base) {
  if (pending.options.unordered || pending.offset != 0) return true;
  const StreamId stream = pending.options.stream;
  const std::uint64_t number = numbers.number(stream, pending.ahead);
  if (!numbers.may_take(stream, number, base)) return false;
  numbers.take(stream, number, tsn);
  pending.ssn = number;
  return true;
}

}  // namespace

DataSender::DataSender(const EndpointConfig& config, BufferPool& pool, Tsn initial_tsn)
    : pool_(&pool),
      least_(config.send_buffer),
      most_(std::max(config.send_buffer, config.send_buffer_max)),
      limit_(least_),
      max_message_(config.max_message_size),
      initial_tsn_(initial_tsn),
      outstanding_(initial_tsn),
      streams_(config.outbound_streams) {}

void DataSender::on_established(std::uint16_t streams, std::uint32_t peer_window, bool partial_reliability) {
  reliability_.set_enabled(partial_reliability);
  streams_ = streams;
  peer_window_ = largest_window_ = peer_window;
}

SendResult DataSender::check(const Buffer& message, const SendOptions& options) const {
  constexpr std::uint8_t kMaxDscp = 63;
  if (message.empty() || message.size() > max_message_) return SendResult::invalid_message;
  if (options.dscp > kMaxDscp) return SendResult::invalid_message;
  return options.stream.value() < streams_ ? SendResult::ok : SendResult::invalid_stream;
}

SendResult DataSender::enqueue(Timestamp now, Buffer&& message, const SendOptions& options) {
  if (const SendResult result = check(message, options); result != SendResult::ok) return result;
  // An empty buffer takes any legal message, so that one larger than the buffer can be sent at all.
  if (queued_bytes() != 0 && queued_bytes() + message.size() > limit_) {
    blocked_ = true;
    return SendResult::would_block;
  }
  ++messages_accepted_;
  queue_.push(std::move(message), options, reliability_.admit(now, options));
  return SendResult::ok;
}

bool DataSender::take_writable() {
  if (!blocked_ || queued_bytes() > limit_ / 2) return false;
  blocked_ = false;
  return true;
}

// RFC 9260 §6.1 A: with nothing in flight, one chunk may leave even into a closed window, as a probe.
bool DataSender::window_permits(std::size_t size) const {
  return outstanding_.flight_bytes() == 0 || outstanding_.flight_bytes() + size <= peer_window_;
}

// A real-time message does not wait for room in a send buffer full of bulk ones.
inline DataSender::Lane DataSender::overtaking() const {
  return outstanding_.full() ? Lane::none : queue_.overtaking(queued_bytes() < limit_ + limit_ / 8);
}

inline DataSender::Lane DataSender::following() const {
  return outstanding_.full() ? Lane::none : queue_.following(queued_bytes() < limit_);
}

// User bytes of the next chunk of this lane; of one whose message is still in the source, the most that a
// packet holds with its padding.
inline std::size_t DataSender::size_in(Lane lane) {
  if (lane == Lane::none) return 0;
  if (!queue_.is_here(lane)) return max_chunk_payload_ & ~std::size_t{3};
  return std::min(queue_.front(lane).left(), max_chunk_payload_);
}

bool DataSender::next_is_urgent() const {
  return outstanding_.has_queued() || overtaking() != Lane::none;
}

std::size_t DataSender::next_chunk_size() {
  const Lane first = outstanding_.has_urgent_queued() ? Lane::none : overtaking();
  if (first != Lane::none) return size_in(first);
  const std::uint64_t lost = outstanding_.next_queued();
  return lost != path::kNoTsn ? outstanding_.at(lost).payload.size() : size_in(following());
}

bool DataSender::prepare(Timestamp now, const path::Path& path) {
  if (outstanding_.has_urgent_queued() || fetch(now, overtaking(), path) || outstanding_.has_queued())
    return true;
  return fetch(now, following(), path);
}

// Makes the first message of `lane` present. False: there is none.
bool DataSender::fetch(Timestamp now, Lane lane, const path::Path& path) {
  if (lane == Lane::none) return false;
  if (queue_.is_here(lane)) return true;
  const std::size_t behind = lane == Lane::bulk && numbers_.may_take_ahead() ? path.lead : 0;
  if (behind != 0 && !queue_.source()->waiting_behind()) return false;
  while (queue_.take(now, lane, behind)) {
    SendQueue::Pending& taken = queue_.front(lane);
    if (check(taken.message, taken.options) == SendResult::ok) {
      ++messages_accepted_;
      taken.expires = reliability_.admit(now, taken.options);
      return true;
    }
    ++messages_refused_;
    queue_.discard(lane);
  }
  return false;
}

// The peer's window limits new data only (RFC 9260 §6.1 A): it has room reserved for what was sent before,
// and only that may open the window again.
bool DataSender::ready() {
  const std::size_t size = next_chunk_size();
  return size != 0 && (outstanding_.has_queued() || window_permits(size));
}

std::size_t DataSender::fill(PacketBuilder& packet, path::Path& path, path::PacketNumber number,
                             Timestamp now) {
  Filling to{packet, path, number, now};
  while (outstanding_.has_urgent_queued()) {
    if (!send_again(to)) return to.added;
  }
  for (Lane lane = overtaking(); lane != Lane::none && send_new(to, lane); lane = overtaking()) {
  }
  while (outstanding_.has_queued()) {
    if (!send_again(to)) return to.added;
  }
  for (Lane lane = following(); lane != Lane::none && send_new(to, lane); lane = following()) {
  }
  return to.added;
}

bool DataSender::send_again(Filling& to) {
  const std::uint64_t tsn = outstanding_.next_queued();
  const OutChunk& chunk = outstanding_.at(tsn);
  if (PartialReliability::is_over(chunk, to.now)) {
    reliability_.abandon(tsn, outstanding_, queue_);
    return true;
  }
  const std::size_t size = chunk.payload.size();
  if (!to.packet.accepts_dscp(chunk.dscp)) return false;
  if (!to.packet.fits(wire::ChunkType::kData, wire::kDataHeaderSize + size)) return false;
  send(to, tsn);
  return true;
}

std::uint64_t DataSender::newest_worth_sending(const path::Path& path, Timestamp now) {
  std::uint64_t tsn = path.flight.newest;
  while (tsn != path::kNoTsn && PartialReliability::is_over(outstanding_.at(tsn), now))
    tsn = outstanding_.at(tsn).older;
  return tsn;
}

bool DataSender::fill_probe(PacketBuilder& packet, path::Path& path, path::PacketNumber number,
                            Timestamp now) {
  const std::uint64_t tsn = newest_worth_sending(path, now);
  if (tsn == path::kNoTsn) return false;
  const OutChunk& chunk = outstanding_.at(tsn);
  if (!packet.fits(wire::ChunkType::kData, wire::kDataHeaderSize + chunk.payload.size())) return false;
  add_chunk(packet, tsn, chunk, true);
  ++path.counters.data_chunks_retransmitted;
  outstanding_.resend(tsn, number, now);
  return true;
}

// True: the next message may leave, perhaps of another lane.
bool DataSender::send_new(Filling& to, Lane lane) {
  // A smaller message would hardly fit, and whatever is taken from the source can no longer be dropped there.
  constexpr std::size_t kWorthTaking = wire::kDataHeaderSize + 40;
  if (!queue_.is_here(lane)) {
    const bool room = window_permits(size_in(lane)) && to.packet.fits(wire::ChunkType::kData, kWorthTaking);
    if (!room || !fetch(to.now, lane, to.path)) return false;
  }
  if (queue_.front(lane).stale(to.now)) {
    reliability_.drop_stale(to.now, lane, queue_);
    return true;
  }
  const std::size_t size = size_in(lane);
  if (!to.packet.accepts_dscp(queue_.front(lane).options.dscp)) return false;
  if (!window_permits(size) || !to.packet.fits(wire::ChunkType::kData, wire::kDataHeaderSize + size))
    return false;
  const std::uint64_t tsn = outstanding_.next_tsn();
  if (!take_number(numbers_, queue_.front(lane), tsn, outstanding_.cumulative() + 1)) return false;
  if (PartialReliability::is_over(outstanding_.append(cut(lane, size)), to.now)) {
    reliability_.abandon(tsn, outstanding_, queue_);  // the rest of a message of which a part was sent
  } else {
    send(to, tsn);
  }
  return true;
}

void DataSender::send(Filling& to, std::uint64_t tsn) {
  const OutChunk& chunk = outstanding_.at(tsn);
  const std::size_t size = chunk.payload.size();
  add_chunk(to.packet, tsn, chunk, chunk.immediate);
  probing_window_ = outstanding_.flight_bytes() == 0 && size > peer_window_;
  ++(chunk.transmissions == 0 ? to.path.counters.data_chunks_sent
                              : to.path.counters.data_chunks_retransmitted);
  outstanding_.on_sent(tsn, to.path, to.number, to.now);
  to.added += size;
}

// Takes the next `size` bytes of the first message of `lane`. A whole message moves without a copy.
OutChunk DataSender::cut(Lane lane, std::size_t size) {
  SendQueue::Pending& pending = queue_.front(lane);
  const SendOptions& options = pending.options;
  OutChunk chunk;
  chunk.begin = pending.offset == 0;
  chunk.end = pending.left() == size;
  chunk.stream = options.stream;
  chunk.ppid = options.ppid;
  chunk.dscp = options.dscp;
  chunk.unordered = options.unordered;
  chunk.immediate = options.immediate_sack && chunk.end;
  chunk.expires = pending.expires;
  chunk.doomed = pending.doomed;
  chunk.max_transmissions = reliability_.max_transmissions(options);
  chunk.urgent = lane == Lane::urgent || lane == Lane::realtime;
  if (!options.unordered) chunk.ssn = Ssn{static_cast<std::uint16_t>(pending.ssn)};
  if (chunk.begin && chunk.end) {
    chunk.payload = std::move(pending.message);
  } else {
    chunk.payload = pool_->copy(pending.message.bytes().subspan(pending.offset, size));
  }
  queue_.consume(lane, size, chunk.end);
  return chunk;
}

DataSender::SackVerdict DataSender::on_sack(const Sack& sack, path::PathTable& paths, Timestamp now) {
  const std::uint64_t cumulative = unwrap(sack.fields.cumulative_tsn, outstanding_.cumulative());
  const bool may_be_cut = sack.fields.coverage == wire::SackCoverage::unstated;
  SackCoverageTracker coverage = coverage_;
  coverage.on_sack(sack.fields);
  const bool prompt = coverage_.certain() && coverage.certain();
  const SackView view{cumulative, sack.gaps, sack.non_renegable, now, may_be_cut, prompt};
  const SackVerdict verdict = apply(view, sack.overtaken ? peer_window_ : sack.fields.a_rwnd, paths);
  if (verdict != SackVerdict::advanced && verdict != SackVerdict::nothing_new) return verdict;
  coverage_ = coverage;
  for (const Tsn tsn : sack.duplicates)
    outstanding_.on_duplicate(unwrap(tsn, outstanding_.cumulative()), paths, now);
  return verdict;
}

DataSender::SackVerdict DataSender::on_cumulative(Tsn tsn, path::PathTable& paths, Timestamp now) {
  return apply({unwrap(tsn, outstanding_.cumulative()), {}, {}, now, false}, peer_window_, paths);
}

DataSender::SackVerdict DataSender::apply(const SackView& view, std::uint32_t a_rwnd,
                                          path::PathTable& paths) {
  if (view.cumulative < outstanding_.cumulative()) return SackVerdict::stale;
  if (!outstanding_.plausible(view)) return SackVerdict::invalid;
  const bool same_cumulative = view.cumulative == outstanding_.cumulative();
  const std::uint64_t acknowledged_before = outstanding_.acknowledged();
  const std::size_t held_before = outstanding_.held_bytes();
  outstanding_.acknowledge(view, paths);
  reliability_.advance(outstanding_);
  const bool news =
      outstanding_.acknowledged() != acknowledged_before || outstanding_.held_bytes() != held_before;
  // A SACK that reports fewer chunks than one before it was overtaken by that one, and so was its window.
  const bool overtaken = same_cumulative && !news && outstanding_.reports_less(view);
  // The flight counts against the advertised window in window_permits (RFC 9260 §6.2.1 D ii).
  if (!overtaken) peer_window_ = a_rwnd;
  largest_window_ = std::max(largest_window_, peer_window_);
  return news ? SackVerdict::advanced : SackVerdict::nothing_new;
}

}  // namespace hawser::sctp::tx
