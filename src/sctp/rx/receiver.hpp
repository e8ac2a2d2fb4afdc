#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/rx/reassembly.hpp"
#include "sctp/rx/tsn_tracker.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/forward_tsn.hpp"

namespace hawser::sctp::rx {

/// How gaps are acknowledged.
enum class GapPolicy : std::uint8_t {
  at_once,  ///< a SACK for every packet while there are gaps (RFC 9260 §6.7)
  delayed,  ///< gaps are normal with several paths: the SACK counts packets instead (CMT's DAC)
};

/// The receive half of the data transfer of one association: takes DATA; yields messages, acknowledgements
/// and the window.
///
/// Owns the TSN tracker, reassembly and the SACK timer. Never sends: sack_due() states when a SACK is due,
/// and write_sack() writes it. For every received packet, call on_data for each DATA chunk, then
/// on_packet_end once. Call sack_due() after the last packet of a batch, so that a batch yields one SACK.
class Receiver {
 public:
  /// `inbound_streams` is the negotiated number, at least 1. `pool` outlives this. `divert_own`: see
  /// Reassembly; messages then wait for the order of their stream for EndpointConfig::order_hold at most.
  Receiver(Tsn peer_initial_tsn, std::uint16_t inbound_streams, const EndpointConfig& config,
           BufferPool& pool, GapPolicy gap_policy = GapPolicy::at_once, bool divert_own = false);

  // --- input

  /// Takes a DATA chunk that arrived on the path `from`. Nothing: accepted. Otherwise the chunk was dropped;
  /// the caller answers
  /// - empty_data by ABORT with No User Data (RFC 9260 §6.2),
  /// - inconsistent_fragment by ABORT with Protocol Violation,
  /// - invalid_stream by ERROR with Invalid Stream Identifier (§6.5; the TSN is acknowledged anyway),
  /// and the others (duplicate_tsn, tsn_out_of_window, receive_window_full) only by the SACK.
  [[nodiscard]] std::optional<DropReason> on_data(Timestamp now, PathId from, const wire::DataChunk& chunk);
  /// Takes a FORWARD TSN (RFC 3758 §3.6), which is acknowledged immediately. Nothing: accepted, or older than
  /// what has arrived. invalid_stream: accepted, without the streams that do not exist. tsn_out_of_window:
  /// dropped.
  [[nodiscard]] std::optional<DropReason> on_forward_tsn(Timestamp now, PathId from,
                                                         const wire::ForwardTsnChunk& chunk);
  /// Delivers also the part that has arrived of a message, if it is its turn: the caller takes messages as a
  /// stream of bytes.
  void deliver_pieces() { reassembly_.deliver_partially(tracker_.cumulative(), true); }
  /// Plans the SACK. Called once per received packet that carried DATA, accepted or not.
  void on_packet_end(Timestamp now);
  /// Makes a SACK due whose deadline has passed, and delivers messages that have waited long enough for the
  /// order of their stream.
  void on_timeout(Timestamp now);
  /// When to call on_timeout, or kNever.
  [[nodiscard]] Timestamp next_timeout() const {
    return std::min(sack_deadline_, reassembly_.hold_deadline());
  }
  /// Whether messages wait for the order of their stream, and for a limited time.
  [[nodiscard]] bool holds_messages() const { return reassembly_.hold_deadline() != kNever; }
  /// How long messages wait for the order of their stream.
  [[nodiscard]] OrderHold& hold() { return reassembly_.hold(); }
  /// How long messages wait for the order of their stream.
  [[nodiscard]] const OrderHold& hold() const { return reassembly_.hold(); }

  // --- acknowledgement

  /// Whether a SACK is to be sent now.
  [[nodiscard]] bool sack_due() const { return sack_due_; }
  /// Whether there is DATA to acknowledge, so that a SACK may be bundled with a packet that leaves anyway.
  [[nodiscard]] bool sack_pending() const { return sack_due_ || sack_deadline_ != kNever; }
  /// When a SACK becomes due, or kNever.
  [[nodiscard]] Timestamp sack_deadline() const { return sack_deadline_; }
  /// The path of the last DATA, on which the SACK is sent (RFC 9260 §6.4); kNoPath before any DATA.
  [[nodiscard]] PathId sack_path() const { return sack_path_; }
  /// Makes a SACK due.
  void force_sack() { sack_due_ = true; }

  /// Bytes that write_sack would use of `room`; 0 when the header of the SACK does not fit.
  [[nodiscard]] std::size_t sack_size(bool nr_sack, std::size_t room) const;
  /// Writes a SACK or NR-SACK of at most `room` bytes (at least its header, 16 or 20): as many gap blocks as
  /// fit, lowest first, then duplicates. No SACK is pending afterwards. An NR-SACK has only non-renegable
  /// blocks, because accepted chunks are never dropped.
  void write_sack(ByteWriter& writer, bool nr_sack, std::size_t room);

  // --- output

  /// The next message for the application. May make a SACK due that advertises a window that opened again.
  std::optional<Delivered> poll_message();
  /// The next internal message (Reassembly).
  std::optional<Delivered> poll_diverted();

  // --- getters

  /// The window to advertise, bytes; the configured one when nothing is held.
  [[nodiscard]] std::uint32_t a_rwnd() const;
  /// The cumulative TSN, as on the wire.
  [[nodiscard]] Tsn cumulative_tsn() const { return wire_tsn(tracker_.cumulative()); }
  /// Whether TSNs above the cumulative one have arrived.
  [[nodiscard]] bool has_gaps() const { return tracker_.has_gaps(); }
  /// Bytes of all chunks and messages that were not polled yet, with the overhead of each.
  [[nodiscard]] std::size_t held_bytes() const { return reassembly_.held_bytes(); }
  /// TSNs that the peer has abandoned before they arrived.
  [[nodiscard]] std::uint64_t abandoned_tsns() const { return abandoned_tsns_; }
  /// Duplicate TSNs received so far.
  [[nodiscard]] std::uint64_t duplicate_tsns() const { return tracker_.total_duplicates(); }
  /// Messages completed so far. A partially delivered one counts with its last piece.
  [[nodiscard]] std::uint64_t messages_received() const { return reassembly_.messages_delivered(); }

 private:
  [[nodiscard]] std::optional<DropReason> admit(std::uint64_t tsn);
  [[nodiscard]] bool has_room_for(std::uint64_t tsn) const;
  [[nodiscard]] std::optional<DropReason> take_in(Timestamp now, std::uint64_t tsn,
                                                  const wire::DataChunk& chunk);

  TsnTracker tracker_;
  Reassembly reassembly_;
  GapPolicy gap_policy_;
  Duration sack_delay_;
  std::size_t window_;        ///< as configured
  std::size_t reopening_;     ///< a gain of this size after a closed window makes a SACK due
  std::uint32_t advertised_;  ///< a_rwnd of the last SACK
  PathId sack_path_ = kNoPath;
  bool sack_due_ = false;
  bool urgent_ = true;  ///< this packet is acknowledged immediately; also the first of all
  unsigned packets_since_sack_ = 0;
  Timestamp sack_deadline_ = kNever;
  std::uint64_t abandoned_tsns_ = 0;
};

}  // namespace hawser::sctp::rx
