#pragma once

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

namespace hawser::sctp::rx {

/// How gaps are acknowledged.
enum class GapPolicy : std::uint8_t {
  at_once,  ///< a SACK for every packet while there are gaps (RFC 9260 §6.7)
  delayed,  ///< gaps are normal, paths differ: count packets in the SACK instead (CMT's DAC)
};

/// The receive half of the data transfer of one association: DATA in; messages, acknowledgements and the
/// window out.
///
/// Owns the TSN tracker, reassembly and the SACK timer. Never sends: it says when a SACK is due and writes it
/// when asked. For every received packet: on_data for each DATA chunk, then on_packet_end once. After the
/// last packet of a batch, ask sack_due(), so that a batch yields one SACK.
class Receiver {
 public:
  /// `inbound_streams` as negotiated, at least 1.
  Receiver(Tsn peer_initial_tsn, std::uint16_t inbound_streams, const EndpointConfig& config,
           BufferPool& pool, GapPolicy gap_policy = GapPolicy::at_once, bool divert_own = false);

  // --- input
  // -----------------------------------------------------------------------------------------------------
  /// Empty: accepted. Otherwise the chunk was dropped; the caller answers
  /// - empty_data by ABORT with No User Data (RFC 9260 §6.2),
  /// - inconsistent_fragment by ABORT with Protocol Violation,
  /// - invalid_stream by ERROR with Invalid Stream Identifier (§6.5; the TSN is acknowledged all the same),
  /// and the rest (duplicate_tsn, tsn_out_of_window, receive_window_full) by nothing: the SACK tells.
  [[nodiscard]] std::optional<DropReason> on_data(Timestamp now, PathId from, const wire::DataChunk& chunk);
  /// Once per received packet that carried DATA, accepted or not.
  void on_packet_end(Timestamp now);
  void on_timeout(Timestamp now);

  // --- acknowledgement
  // -------------------------------------------------------------------------------------------
  /// A SACK should go out now.
  [[nodiscard]] bool sack_due() const { return sack_due_; }
  /// There is something to acknowledge: worth bundling a SACK with a packet that leaves anyway.
  [[nodiscard]] bool sack_pending() const { return sack_due_ || sack_deadline_ != kNever; }
  /// When to call on_timeout, or kNever.
  [[nodiscard]] Timestamp sack_deadline() const { return sack_deadline_; }
  /// Where the last DATA came from, and the SACK goes to (RFC 9260 §6.4); kNoPath before any DATA.
  [[nodiscard]] PathId sack_path() const { return sack_path_; }
  void force_sack() { sack_due_ = true; }

  /// Bytes that write_sack would use of `room`; 0 when not even its header fits.
  [[nodiscard]] std::size_t sack_size(bool nr_sack, std::size_t room) const;
  /// Writes a SACK or NR-SACK of at most `room` bytes (at least its header, 16 or 20), with as many gap
  /// blocks as fit, lowest first, then duplicates. Nothing is pending afterwards. NR-SACK reports
  /// non-renegable blocks only: what was accepted is never given up.
  void write_sack(ByteWriter& writer, bool nr_sack, std::size_t room);

  // --- output
  // ----------------------------------------------------------------------------------------------------
  /// The next message. May make a SACK due that tells of the window opened again.
  std::optional<Delivered> poll_message();
  /// A message of the kind that is not the user's.
  std::optional<Delivered> poll_diverted();

  // --- getters
  // ---------------------------------------------------------------------------------------------------
  /// The window to advertise, bytes. The configured one when nothing is held.
  [[nodiscard]] std::uint32_t a_rwnd() const;
  /// On the wire: the cumulative TSN acknowledged.
  [[nodiscard]] Tsn cumulative_tsn() const { return wire_tsn(tracker_.cumulative()); }
  [[nodiscard]] bool has_gaps() const { return tracker_.has_gaps(); }
  /// Bytes held, with the overhead of each chunk, delivered but unpolled messages included.
  [[nodiscard]] std::size_t held_bytes() const { return reassembly_.held_bytes(); }
  [[nodiscard]] std::uint64_t duplicate_tsns() const { return tracker_.total_duplicates(); }
  /// Messages completed (a partially delivered one counts when its last piece is out).
  [[nodiscard]] std::uint64_t messages_received() const { return reassembly_.messages_delivered(); }

 private:
  [[nodiscard]] std::optional<DropReason> admit(std::uint64_t tsn);
  [[nodiscard]] bool has_room_for(std::uint64_t tsn) const;
  [[nodiscard]] std::optional<DropReason> take_in(std::uint64_t tsn, const wire::DataChunk& chunk);

  TsnTracker tracker_;
  Reassembly reassembly_;
  GapPolicy gap_policy_;
  Duration sack_delay_;
  std::size_t window_;        ///< as configured
  std::size_t reopening_;     ///< gain worth a SACK of its own after the window was closed
  std::uint32_t advertised_;  ///< a_rwnd of the last SACK
  PathId sack_path_ = kNoPath;
  bool sack_due_ = false;
  bool urgent_ = true;  ///< the packet being received must be acknowledged at once; so must the very first
  unsigned packets_since_sack_ = 0;
  Timestamp sack_deadline_ = kNever;
};

}  // namespace hawser::sctp::rx
