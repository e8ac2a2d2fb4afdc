// The way of a received packet with DATA (docs/life-of-a-packet.md, steps 13 to 20 and 22):
//
//  1. UdpReceiver::split notes the route of each datagram; Endpoint::handle_datagrams passes them on.
//  2. Demultiplexer::handle_datagram: a sealed packet selects its association by the verification tag.
//  3. SecureChannel::open, RecordLayer::open: the replay window accepts it, the AEAD decrypts in place.
//  4. Association::handle_packet finds the path of the route and walks the chunks.
//  5. ChunkRouter::route decides whether a chunk may come unsealed; ChunkRouter::handle_data parses DATA.
//  6. Receiver::on_data unwraps the TSN. TsnTracker::classify: fresh, duplicate or out of window.
//  7. Receiver::has_room_for applies the window; Reassembly::add copies the payload and orders messages.
//  8. TsnTracker::record notes the TSN and advances the cumulative TSN up to the next gap.
//  9. Receiver::on_packet_end plans the SACK: AckPolicy decides when it is due.
// 10. Endpoint::poll_message, Receiver::poll_message: the user takes the message; the window opens.
// 11. Transmitter::poll: Receiver::write_sack writes PATH ACK and SACK, alone or bundled with DATA on the
// same
//     path.
// 12. At the peer, ChunkRouter::handle_sack passes it to DataSender::on_sack, which releases the chunks.

#include "sctp/rx/receiver.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "sctp/wire/sack.hpp"

namespace hawser::sctp::rx {
namespace {

constexpr Duration kMaxSackDelay = std::chrono::milliseconds(500);

std::size_t sack_header(bool nr_sack) {
  return nr_sack ? wire::kNrSackHeaderSize : wire::kSackHeaderSize;
}

}  // namespace

Receiver::Receiver(Tsn peer_initial_tsn, std::uint16_t inbound_streams, const EndpointConfig& config,
                   BufferPool& pool, GapPolicy gap_policy, bool divert_own)
    : tracker_(peer_initial_tsn),
      reassembly_(inbound_streams, pool, divert_own, divert_own ? config.order_hold : Duration{}),
      path_ack_(config.max_paths),
      acks_(std::min(config.sack_delay, kMaxSackDelay), config.max_paths),
      gap_policy_(gap_policy),
      window_(config),
      reopening_(std::min<std::size_t>(window_.size() / 2, std::size_t{2} * config.path_mtu)),
      advertised_(config.receive_window) {}

// --- input

std::optional<DropReason> Receiver::on_data(Timestamp now, PathId from, const wire::DataChunk& chunk) {
  from_ = from;
  if (chunk.payload.empty()) return DropReason::empty_data;
  const std::uint64_t tsn = tracker_.unwrap(chunk.tsn);
  std::optional<DropReason> drop = admit(tsn);
  if (!drop) drop = take_in(now, tsn, chunk);
  // A dropped chunk is answered immediately: the peer's view of this end is out of date (RFC 9260 §6.2).
  if (drop) (*drop == DropReason::duplicate_tsn ? duplicate_ : urgent_) = true;
  return drop;
}

// Nothing if the TSN is new and there is room for it.
std::optional<DropReason> Receiver::admit(std::uint64_t tsn) {
  switch (tracker_.classify(tsn)) {
    case Arrival::duplicate:
      tracker_.note_duplicate(tsn);
      gap_report_.refresh();
      return DropReason::duplicate_tsn;
    case Arrival::out_of_window: return DropReason::tsn_out_of_window;
    case Arrival::fresh: break;
  }
  if (tsn - tracker_.cumulative() > window_.span()) return DropReason::tsn_out_of_window;
  if (!has_room_for(tsn)) return DropReason::receive_window_full;
  return std::nullopt;
}

// With the window closed, new data above the highest TSN is dropped, and data that fills a gap is accepted
// (RFC 9260 §6.2), up to a limit: after one high TSN, a peer could send any amount of data into the gap. The
// next TSN in line has a higher limit, because only it makes held chunks deliverable.
bool Receiver::has_room_for(std::uint64_t tsn) const {
  if (tsn > tracker_.highest()) return a_rwnd() != 0;
  const std::size_t limit = (tsn == tracker_.cumulative() + 1 ? 3 : 2) * window_.size();
  return held_bytes() < limit;
}

std::optional<DropReason> Receiver::take_in(Timestamp now, std::uint64_t tsn, const wire::DataChunk& chunk) {
  const bool valid_stream = chunk.stream.value() < reassembly_.inbound_streams();
  if (valid_stream) {
    if (const auto drop = reassembly_.add(now, tsn, chunk, tracker_)) return drop;
  }
  const bool had_gaps = tracker_.has_gaps();
  tracker_.record(tsn);
  if (tsn > tracker_.cumulative()) gap_report_.on_arrival(tsn);
  if (chunk.immediate) urgent_ = true;
  if (gap_policy_ == GapPolicy::at_once && (had_gaps || tracker_.has_gaps())) urgent_ = true;
  if (!valid_stream) return DropReason::invalid_stream;
  if (reassembly_.waiting_bytes() != 0) {
    const bool pressed = reassembly_.waiting_bytes() >= window_.size() / 4 * 3;
    reassembly_.deliver_partially(tracker_.cumulative(), pressed);
  }
  return std::nullopt;
}

std::optional<DropReason> Receiver::on_forward_tsn(Timestamp now, const wire::ForwardTsnChunk& chunk) {
  const std::uint64_t cumulative = tracker_.unwrap(chunk.new_cumulative_tsn);
  if (cumulative > tracker_.cumulative() + TsnTracker::kMaxSpan) return DropReason::tsn_out_of_window;
  acks_.force();
  if (cumulative <= tracker_.cumulative()) return std::nullopt;  // the SACK for it was lost or is on its way
  abandoned_tsns_ += tracker_.missing_up_to(cumulative);
  reassembly_.abandon(now, cumulative, tracker_);
  tracker_.advance_to(cumulative);
  std::optional<DropReason> drop;
  for (const wire::SkippedStream& skipped : chunk.skipped) {
    if (skipped.stream.value() < reassembly_.inbound_streams()) {
      reassembly_.skip_to(now, skipped.stream, skipped.ssn);
    } else {
      drop = DropReason::invalid_stream;
    }
  }
  return drop;
}

void Receiver::on_packet_end(Timestamp now, const SealedPacket* sealed) {
  const bool urgent = std::exchange(urgent_, false);
  const bool duplicate = std::exchange(duplicate_, false);
  if (sealed == nullptr) return acks_.on_packet(now, from_, urgent || duplicate);
  path_ack_.on_data(now, from_, sealed->record);
  acks_.on_packet(now, {.path = from_,
                        .srtt = sealed->srtt,
                        .bytes = sealed->bytes,
                        .urgent = urgent,
                        .irregular = sealed->skips || duplicate});
}

void Receiver::size_window(Timestamp now, std::size_t bytes, Duration longest_round_trip) {
  if (!window_.may_grow()) return;
  // A repair takes a round trip; a slower path delays it by at most another one.
  window_.on_data(now, bytes, 2 * longest_round_trip + (hold().bounded() ? hold().current() : Duration{}));
}

void Receiver::trim() {
  tracker_.trim();
  reassembly_.trim();
}

void Receiver::on_timeout(Timestamp now) {
  reassembly_.on_timeout(now);
  acks_.on_timeout(now);
}

// --- acknowledgement

std::size_t Receiver::sack_size(Timestamp now, const SackFormat& format, std::size_t room) const {
  return room < sack_header(format.nr_sack) ? 0 : compose(now, format, room).size;
}

// Where room is short, the SACK has it first.
Receiver::SackBody Receiver::compose(Timestamp now, const SackFormat& format, std::size_t room) const {
  SackBody body;
  const std::size_t header = sack_header(format.nr_sack);
  std::size_t left = std::max(room, header) - header;
  if (format.sealed) body.path_ack = path_ack_.size(format.path, left);
  left -= body.path_ack;
  body.gaps = choose_gaps(now, format, std::span(body.blocks).first(std::min(left / 4, kMaxGapBlocks)));
  body.duplicates = std::min(tracker_.duplicates().size(), left / 4 - body.gaps.count);
  body.size = body.path_ack + header + 4 * (body.gaps.count + body.duplicates);
  return body;
}

// In a plain SACK, a block that is missing from a later SACK counts as reneged (RFC 9260 §6.2.1 D iv), so it
// reports the lowest runs only. An NR-SACK for a peer that does not know its coverage also reports the
// highest runs: new arrivals on one path are there while another path leaves many gaps below.
GapReport::Choice Receiver::choose_gaps(Timestamp now, const SackFormat& format,
                                        std::span<wire::GapBlock> out) const {
  if (format.nr_sack && format.sealed)
    return gap_report_.choose({now, acks_.longest_srtt(), sack_kind(format.path)}, tracker_, out);
  const std::size_t count = format.nr_sack ? tracker_.outer_gap_blocks(out) : tracker_.lowest_gap_blocks(out);
  return {count, wire::SackCoverage::unstated, 0};
}

// On another path than the last one, a SACK may overtake earlier ones, so it cannot rely on them.
GapReport::Kind Receiver::sack_kind(PathId leaves_on) const {
  if (acks_.only_owed(leaves_on)) return GapReport::Kind::aside;
  return leaves_on == acks_.common_path() ? GapReport::Kind::next : GapReport::Kind::first;
}

void Receiver::write_sack(Timestamp now, ByteWriter& writer, const SackFormat& format, std::size_t room) {
  const SackBody body = compose(now, format, room);
  const auto gaps = std::span<const wire::GapBlock>(body.blocks).first(body.gaps.count);
  const auto duplicates = tracker_.duplicates().first(body.duplicates);
  // The PATH ACK comes first, so that the peer knows the times when it applies the SACK.
  if (body.path_ack != 0) path_ack_.write(now, format.path, writer, body.path_ack);
  wire::SackFields fields{.cumulative_tsn = cumulative_tsn(), .a_rwnd = a_rwnd()};
  if (gap_policy_ == GapPolicy::delayed) {
    fields.dac_packets = static_cast<std::uint8_t>(std::min<unsigned>(acks_.packets(), wire::kMaxDacPackets));
  }
  if (format.nr_sack && format.sealed) {
    fields.coverage = body.gaps.coverage;
    const GapReport::Kind kind = sack_kind(format.path);
    fields.number = gap_report_.number(body.gaps, kind);
    gap_report_.on_sent(now, body.gaps, kind);
  }
  if (format.nr_sack) {
    wire::write_nr_sack(writer, fields, {}, gaps, duplicates);
  } else {
    wire::write_sack(writer, fields, gaps, duplicates);
  }
  tracker_.clear_duplicates();
  advertised_ = fields.a_rwnd;
  acks_.on_sent(now, format.path, body.size);
}

// --- output

std::optional<Delivered> Receiver::poll_message() {
  auto message = reassembly_.poll();
  // Silly window avoidance (RFC 1122 §4.2.3.3): after a nearly closed window, a SACK is due only when the
  // window has opened by a useful amount.
  if (message && advertised_ < reopening_ && a_rwnd() >= advertised_ + reopening_) acks_.force();
  return message;
}

std::optional<Delivered> Receiver::poll_diverted() {
  return reassembly_.poll_diverted();
}

// A held byte, of payload or overhead, lowers the window by two thirds of a byte. So a whole window of chunks
// of 1,024 bytes or more fits in spite of their overhead, and data within the advertised window is never
// dropped.
std::uint32_t Receiver::a_rwnd() const {
  const std::size_t taken = (2 * held_bytes() + 2) / 3;
  return static_cast<std::uint32_t>(window_.size() - std::min(window_.size(), taken));
}

}  // namespace hawser::sctp::rx
