// The way of a sent packet with DATA (docs/life-of-a-packet.md, steps 5 to 9, and 22 for the answer):
//
//  1. Tunnel::send_packet calls Endpoint::send, which reaches DataSender::enqueue: the message waits.
//  2. Association::poll_transmit: probes and control chunks leave first, then Transmitter::poll.
//  3. Transmitter::pick_path: the scheduler chooses a path with room in window, pacer and cap.
//  4. Transmitter::fill_batch begins packets back to back; PacketWriter::begin writes the common header.
//  5. DataSender::fill adds chunks while they fit: queued ones by send_next, then new ones by add_new.
//  6. DataSender::cut makes a chunk of a message or of a part of it, and gives it its SSN.
//  7. Outstanding::append gives the chunk its TSN and keeps it until it is acknowledged.
//  8. PacketBuilder::add_data copies the payload into the batch.
//  9. Outstanding::on_sent notes path, packet number and time, and puts the chunk into the list of its path.
// 10. PacketBuilder::finish closes the packet; fill_batch starts T3-rtx and the pacer.
// 11. PacketWriter::finish seals each packet of the batch (RecordLayer::seal) or writes its CRC32c.
// 12. The SACK comes back: DataSender::on_sack, Outstanding::acknowledge, then LossRecovery::on_sack.

#include "sctp/tx/data_sender.hpp"

#include <algorithm>
#include <utility>

#include "base/serial.hpp"

namespace hawser::sctp::tx {
namespace {

// Shortest time between two timers that only abandon messages.
constexpr Duration kAbandonInterval = std::chrono::milliseconds(20);

}  // namespace

DataSender::DataSender(const EndpointConfig& config, BufferPool& pool, Tsn initial_tsn)
    : pool_(&pool),
      limit_(config.send_buffer),
      max_message_(config.max_message_size),
      initial_tsn_(initial_tsn),
      outstanding_(initial_tsn),
      streams_(config.outbound_streams) {}

void DataSender::on_established(std::uint16_t streams, std::uint32_t peer_window, bool partial_reliability) {
  reliability_.set_enabled(partial_reliability);
  streams_ = streams;
  peer_window_ = peer_window;
}

SendResult DataSender::enqueue(Timestamp now, Buffer&& message, const SendOptions& options) {
  if (message.empty() || message.size() > max_message_) return SendResult::invalid_message;
  if (options.stream.value() >= streams_) return SendResult::invalid_stream;
  // An empty buffer takes any legal message, so that one larger than the buffer can be sent at all.
  if (queued_bytes() != 0 && queued_bytes() + message.size() > limit_) {
    blocked_ = true;
    return SendResult::would_block;
  }
  backlog_ += message.size();
  ++messages_accepted_;
  const bool expires =
      options.lifetime > Duration{} && options.lifetime < kNever - now && reliability_.enabled();
  limits_used_ |= expires || options.max_retransmissions.has_value();
  queue_.push_back({std::move(message), options, 0, expires ? now + options.lifetime : kNever});
  return SendResult::ok;
}

void DataSender::enqueue_urgent(Buffer&& message, const SendOptions& options) {
  backlog_ += message.size();
  urgent_.push_back({std::move(message), options});
}

// The fragments of a message have consecutive TSNs (RFC 9260 §6.9), so a message of which a part was sent is
// finished first.
RingQueue<DataSender::Pending>& DataSender::next_queue() {
  const bool begun = !queue_.empty() && queue_.front().offset != 0;
  return urgent_.empty() || begun ? queue_ : urgent_;
}

bool DataSender::take_writable() {
  if (!blocked_ || queued_bytes() > limit_ / 2) return false;
  blocked_ = false;
  return true;
}

// --- partial reliability

// The chunk with the lowest TSN is considered when it is over, because it keeps the peer's cumulative TSN
// back; the others when they are to be sent.
bool DataSender::abandon_stale(Timestamp now) {
  if (!limits_used_ || !reliability_.enabled()) return false;
  std::uint64_t tsn = outstanding_.next_queued();
  for (; tsn != path::kNoTsn && PartialReliability::is_over(outstanding_.at(tsn), now);
       tsn = outstanding_.next_queued()) {
    abandon(tsn);
  }
  drop_expired(now);
  stale_at_ = tsn == path::kNoTsn ? kNever : outstanding_.at(tsn).expires;
  if (!queue_.empty() && queue_.front().offset == 0) stale_at_ = std::min(stale_at_, queue_.front().expires);
  // Messages that were sent one after another expire one after another; one timer serves many of them.
  if (abandoned_any_) not_before_ = now + kAbandonInterval;
  stale_at_ = std::max(stale_at_, not_before_);
  return std::exchange(abandoned_any_, false);
}

void DataSender::abandon(std::uint64_t tsn) {
  abandoned_any_ = true;
  if (reliability_.abandon(tsn, outstanding_)) queue_.front().doomed = true;
  reliability_.advance(outstanding_);
}

// Messages of which no part was sent need no TSN.
void DataSender::drop_expired(Timestamp now) {
  while (!queue_.empty() && queue_.front().offset == 0 && queue_.front().expires <= now) {
    backlog_ -= queue_.front().message.size();
    ++messages_expired_;
    abandoned_any_ = true;
    queue_.pop_front();
  }
}

// --- sending

// RFC 9260 §6.1 A: with nothing in flight, one chunk may leave even into a closed window, as a probe.
bool DataSender::window_permits(std::size_t size) const {
  return outstanding_.flight_bytes() == 0 || outstanding_.flight_bytes() + size <= peer_window_;
}

std::size_t DataSender::next_chunk_size() {
  const std::uint64_t lost = outstanding_.next_queued();
  if (lost != path::kNoTsn) return outstanding_.at(lost).payload.size();
  if (!any_queued() || outstanding_.full()) return 0;
  const Pending& front = next_queue().front();
  return std::min(front.message.size() - front.offset, max_chunk_payload_);
}

bool DataSender::ready() {
  const std::size_t size = next_chunk_size();
  return size != 0 && window_permits(size);
}

std::size_t DataSender::fill(PacketBuilder& packet, path::Path& path, path::PacketNumber number,
                             Timestamp now) {
  std::size_t added = 0;
  while (outstanding_.has_queued() && send_next(packet, path, number, now, added)) {
  }
  if (outstanding_.has_queued()) return added;
  while (any_queued() && add_new(packet, path, number, now, added)) {
  }
  return added;
}

bool DataSender::send_next(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now,
                           std::size_t& added) {
  const std::uint64_t tsn = outstanding_.next_queued();
  OutChunk& chunk = outstanding_.at(tsn);
  if (PartialReliability::is_over(chunk, now)) {
    abandon(tsn);
    return true;
  }
  const std::size_t size = chunk.payload.size();
  if (!packet.fits(wire::ChunkType::kData, wire::kDataHeaderSize + size) || !window_permits(size))
    return false;
  packet.add_data({chunk.immediate, chunk.unordered, chunk.begin, chunk.end, wire_tsn(tsn), chunk.stream,
                   chunk.ssn, chunk.ppid, chunk.payload.bytes()});
  probing_window_ = outstanding_.flight_bytes() == 0 && size > peer_window_;
  ++(chunk.transmissions == 0 ? path.counters.data_chunks_sent : path.counters.data_chunks_retransmitted);
  outstanding_.on_sent(tsn, path, number, now);
  added += size;
  return true;
}

bool DataSender::add_new(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now,
                         std::size_t& added) {
  if (limits_used_) drop_expired(now);
  if (!any_queued()) return false;
  RingQueue<Pending>& queue = next_queue();
  const Pending& front = queue.front();
  const std::size_t size = std::min(front.message.size() - front.offset, max_chunk_payload_);
  if (outstanding_.full() || !window_permits(size) ||
      !packet.fits(wire::ChunkType::kData, wire::kDataHeaderSize + size)) {
    return false;
  }
  backlog_ -= size;
  outstanding_.append(cut(queue, size));
  return send_next(packet, path, number, now, added);
}

// Takes the next `size` bytes of the oldest message of `queue`. A whole message moves without a copy.
OutChunk DataSender::cut(RingQueue<Pending>& queue, std::size_t size) {
  Pending& pending = queue.front();
  const SendOptions& options = pending.options;
  OutChunk chunk;
  chunk.begin = pending.offset == 0;
  chunk.end = pending.offset + size == pending.message.size();
  chunk.stream = options.stream;
  chunk.ppid = options.ppid;
  chunk.unordered = options.unordered;
  chunk.immediate = options.immediate_sack && chunk.end;
  chunk.expires = pending.expires;
  chunk.doomed = pending.doomed;
  if (options.max_retransmissions && reliability_.enabled())
    chunk.max_transmissions =
        static_cast<std::uint8_t>(std::min<unsigned>(*options.max_retransmissions, 253) + 1U);
  if (options.stream.value() >= next_ssn_.size()) next_ssn_.resize(options.stream.value() + std::size_t{1});
  Ssn& ssn = next_ssn_[options.stream.value()];
  chunk.ssn = options.unordered ? Ssn{} : ssn;
  if (chunk.end && !options.unordered) ++ssn;
  if (chunk.begin && chunk.end) {
    chunk.payload = std::move(pending.message);
  } else {
    chunk.payload = pool_->copy(pending.message.bytes().subspan(pending.offset, size));
  }
  pending.offset += size;
  if (chunk.end) queue.pop_front();
  return chunk;
}

DataSender::SackVerdict DataSender::on_sack(const wire::SackFields& fields, const wire::GapBlockList& gaps,
                                            const wire::GapBlockList& non_renegable, path::PathTable& paths,
                                            Timestamp now) {
  return apply({unwrap(fields.cumulative_tsn, outstanding_.cumulative()), gaps, non_renegable, now},
               fields.a_rwnd, paths);
}

DataSender::SackVerdict DataSender::on_cumulative(Tsn tsn, path::PathTable& paths, Timestamp now) {
  const auto window = static_cast<std::uint32_t>(peer_window_);
  return apply({unwrap(tsn, outstanding_.cumulative()), {}, {}, now}, window, paths);
}

DataSender::SackVerdict DataSender::apply(const SackView& view, std::uint32_t a_rwnd,
                                          path::PathTable& paths) {
  if (view.cumulative < outstanding_.cumulative()) return SackVerdict::stale;
  if (!outstanding_.plausible(view)) return SackVerdict::invalid;
  const std::size_t held_before = outstanding_.held_bytes();
  const std::size_t flight_before = outstanding_.flight_bytes();
  outstanding_.acknowledge(view, paths);
  if (limits_used_) reliability_.advance(outstanding_);
  // The flight counts against the advertised window in window_permits (RFC 9260 §6.2.1 D ii).
  peer_window_ = a_rwnd;
  const bool news = outstanding_.held_bytes() != held_before || outstanding_.flight_bytes() != flight_before;
  return news ? SackVerdict::advanced : SackVerdict::nothing_new;
}

}  // namespace hawser::sctp::tx
