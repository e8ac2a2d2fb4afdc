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
//  9. Receiver::on_packet_end plans the SACK: immediately, or by a deadline.
// 10. Endpoint::poll_message, Receiver::poll_message: the user takes the message; the window opens.
// 11. Transmitter::poll: Receiver::write_sack writes the SACK, alone or bundled with DATA on the same path.
// 12. At the peer, ChunkRouter::handle_sack passes it to DataSender::on_sack, which releases the chunks.

#include "sctp/rx/receiver.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "sctp/wire/sack.hpp"

namespace hawser::sctp::rx {
namespace {

// Most gap blocks of one SACK; it reports the lowest ones first.
constexpr std::size_t kMaxGapBlocks = 320;
// At least every second packet is acknowledged (RFC 9260 §6.2).
constexpr unsigned kPacketsPerSack = 2;
constexpr Duration kMaxSackDelay = std::chrono::milliseconds(500);

std::size_t sack_header(bool nr_sack) {
  return nr_sack ? wire::kNrSackHeaderSize : wire::kSackHeaderSize;
}

// How many entries (gap blocks or duplicates) fit.
std::size_t sack_entries(bool nr_sack, std::size_t room) {
  return (room - sack_header(nr_sack)) / 4;
}

}  // namespace

Receiver::Receiver(Tsn peer_initial_tsn, std::uint16_t inbound_streams, const EndpointConfig& config,
                   BufferPool& pool, GapPolicy gap_policy, bool divert_own)
    : tracker_(peer_initial_tsn),
      reassembly_(inbound_streams, pool, divert_own, divert_own ? config.order_hold : Duration{}),
      gap_policy_(gap_policy),
      sack_delay_(std::min(config.sack_delay, kMaxSackDelay)),
      window_(config.receive_window),
      reopening_(std::min<std::size_t>(window_ / 2, std::size_t{2} * config.path_mtu)),
      advertised_(config.receive_window) {}

// --- input

std::optional<DropReason> Receiver::on_data(Timestamp now, PathId from, const wire::DataChunk& chunk) {
  sack_path_ = from;
  if (chunk.payload.empty()) return DropReason::empty_data;
  const std::uint64_t tsn = tracker_.unwrap(chunk.tsn);
  std::optional<DropReason> drop = admit(tsn);
  if (!drop) drop = take_in(now, tsn, chunk);
  // A dropped chunk is answered immediately: the peer's view of this end is out of date (RFC 9260 §6.2).
  if (drop) urgent_ = true;
  return drop;
}

// Nothing if the TSN is new and there is room for it.
std::optional<DropReason> Receiver::admit(std::uint64_t tsn) {
  switch (tracker_.classify(tsn)) {
    case Arrival::duplicate: tracker_.note_duplicate(tsn); return DropReason::duplicate_tsn;
    case Arrival::out_of_window: return DropReason::tsn_out_of_window;
    case Arrival::fresh: break;
  }
  if (!has_room_for(tsn)) return DropReason::receive_window_full;
  return std::nullopt;
}

// With the window closed, new data above the highest TSN is dropped, and data that fills a gap is accepted
// (RFC 9260 §6.2), up to a limit: after one high TSN, a peer could send any amount of data into the gap. The
// next TSN in line has a higher limit, because only it makes held chunks deliverable.
bool Receiver::has_room_for(std::uint64_t tsn) const {
  if (tsn > tracker_.highest()) return a_rwnd() != 0;
  const std::size_t limit = (tsn == tracker_.cumulative() + 1 ? 3 : 2) * window_;
  return held_bytes() < limit;
}

std::optional<DropReason> Receiver::take_in(Timestamp now, std::uint64_t tsn, const wire::DataChunk& chunk) {
  const bool valid_stream = chunk.stream.value() < reassembly_.inbound_streams();
  if (valid_stream) {
    if (const auto drop = reassembly_.add(now, tsn, chunk, tracker_)) return drop;
  }
  const bool had_gaps = tracker_.has_gaps();
  tracker_.record(tsn);
  if (chunk.immediate) urgent_ = true;
  if (gap_policy_ == GapPolicy::at_once && (had_gaps || tracker_.has_gaps())) urgent_ = true;
  if (!valid_stream) return DropReason::invalid_stream;
  if (reassembly_.waiting_bytes() != 0) {
    const bool pressed = reassembly_.waiting_bytes() >= window_ / 4 * 3;
    reassembly_.deliver_partially(tracker_.cumulative(), pressed);
  }
  return std::nullopt;
}

std::optional<DropReason> Receiver::on_forward_tsn(Timestamp now, PathId from,
                                                   const wire::ForwardTsnChunk& chunk) {
  const std::uint64_t cumulative = tracker_.unwrap(chunk.new_cumulative_tsn);
  if (cumulative > tracker_.cumulative() + TsnTracker::kMaxSpan) return DropReason::tsn_out_of_window;
  sack_path_ = from;
  sack_due_ = true;
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

void Receiver::on_packet_end(Timestamp now) {
  ++packets_since_sack_;
  if (std::exchange(urgent_, false) || packets_since_sack_ >= kPacketsPerSack) {
    sack_due_ = true;
    sack_deadline_ = kNever;
  } else if (!sack_due_ && sack_deadline_ == kNever) {
    sack_deadline_ = now + sack_delay_;
  }
}

void Receiver::on_timeout(Timestamp now) {
  reassembly_.skip_holes(now);
  if (sack_deadline_ > now) return;
  sack_due_ = true;
  sack_deadline_ = kNever;
}

// --- acknowledgement

std::size_t Receiver::sack_size(bool nr_sack, std::size_t room) const {
  if (room < sack_header(nr_sack)) return 0;
  std::array<wire::GapBlock, kMaxGapBlocks> blocks;
  const std::size_t entries = sack_entries(nr_sack, room);
  const std::size_t gaps =
      tracker_.lowest_gap_blocks(std::span(blocks).first(std::min(entries, kMaxGapBlocks)));
  const std::size_t duplicates = std::min(tracker_.duplicates().size(), entries - gaps);
  return sack_header(nr_sack) + 4 * (gaps + duplicates);
}

void Receiver::write_sack(ByteWriter& writer, bool nr_sack, std::size_t room) {
  std::array<wire::GapBlock, kMaxGapBlocks> blocks;
  const std::size_t entries = sack_entries(nr_sack, std::max(room, sack_header(nr_sack)));
  const auto room_for_blocks = std::span(blocks).first(std::min(entries, kMaxGapBlocks));
  // An NR-SACK also reports the highest runs: new arrivals on one path are there while another path leaves
  // many gaps below. In a plain SACK, a block that is missing from a later SACK counts as reneged (RFC 9260
  // §6.2.1 D iv), so it reports the lowest runs only.
  const std::size_t gap_count =
      nr_sack ? tracker_.outer_gap_blocks(room_for_blocks) : tracker_.lowest_gap_blocks(room_for_blocks);
  const auto gaps = std::span<const wire::GapBlock>(blocks).first(gap_count);
  const auto duplicates =
      tracker_.duplicates().first(std::min(tracker_.duplicates().size(), entries - gap_count));

  wire::SackFields fields{.cumulative_tsn = cumulative_tsn(), .a_rwnd = a_rwnd()};
  if (gap_policy_ == GapPolicy::delayed) {
    fields.dac_packets =
        static_cast<std::uint8_t>(std::min<unsigned>(packets_since_sack_, wire::kMaxDacPackets));
  }
  if (nr_sack) {
    wire::write_nr_sack(writer, fields, {}, gaps, duplicates);
  } else {
    wire::write_sack(writer, fields, gaps, duplicates);
  }
  tracker_.clear_duplicates();
  advertised_ = fields.a_rwnd;
  packets_since_sack_ = 0;
  sack_due_ = false;
  sack_deadline_ = kNever;
}

// --- output

std::optional<Delivered> Receiver::poll_message() {
  auto message = reassembly_.poll();
  // Silly window avoidance (RFC 1122 §4.2.3.3): after a nearly closed window, a SACK is due only when the
  // window has opened by a useful amount.
  if (message && advertised_ < reopening_ && a_rwnd() >= advertised_ + reopening_) sack_due_ = true;
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
  return static_cast<std::uint32_t>(window_ - std::min(window_, taken));
}

}  // namespace hawser::sctp::rx
