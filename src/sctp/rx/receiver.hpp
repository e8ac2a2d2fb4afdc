#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "hawser/base/buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/rx/ack_policy.hpp"
#include "sctp/rx/gap_report.hpp"
#include "sctp/rx/path_ack_writer.hpp"
#include "sctp/rx/reassembly.hpp"
#include "sctp/rx/receive_window.hpp"
#include "sctp/rx/tsn_tracker.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/forward_tsn.hpp"

namespace hawser::sctp::rx {

/// A sealed packet with DATA.
struct SealedPacket {
  DataRecord record{};
  bool skips = false;     ///< a record of its path before it has not arrived
  std::size_t bytes = 0;  ///< of its datagram
  Duration srtt{};        ///< of the path it arrived on; zero: not measured yet
};

/// How an acknowledgement is written.
struct SackFormat {
  bool nr_sack = false;   ///< NR-SACK instead of SACK
  bool sealed = false;    ///< with a PATH ACK, and with a coverage in an NR-SACK
  PathId path = kNoPath;  ///< where it leaves
};

/// How gaps are acknowledged in packets that are not sealed.
enum class GapPolicy : std::uint8_t {
  at_once,  ///< a SACK for every packet while there are gaps (RFC 9260 §6.7)
  delayed,  ///< gaps are normal with several paths: the SACK counts packets instead (CMT's DAC)
};

/// The receive half of the data transfer of one association: takes DATA; yields messages, acknowledgements
/// and the window.
///
/// Owns the TSN tracker, reassembly and the policy of SACKs. Never sends: acks() states when a SACK is due,
/// and write_sack() writes it. For every received packet, call on_data for each DATA chunk, then
/// on_packet_end once. Look at acks() after the last packet of a batch, so that a batch yields one SACK.
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
  [[nodiscard]] std::optional<DropReason> on_forward_tsn(Timestamp now, const wire::ForwardTsnChunk& chunk);
  /// Delivers also the part that has arrived of a message, if it is its turn: the caller takes messages as a
  /// stream of bytes.
  void deliver_pieces() { reassembly_.deliver_partially(tracker_.cumulative(), true); }
  /// Plans the SACK. Called once per received packet that carried DATA, accepted or not; `sealed` is null
  /// when the packet was not sealed.
  void on_packet_end(Timestamp now, const SealedPacket* sealed = nullptr);
  /// A packet with DATA of `bytes` bytes has arrived: sizes the window for what arrives while a chunk is
  /// missing. `longest_round_trip`: of the paths; zero: not known.
  void size_window(Timestamp now, std::size_t bytes, Duration longest_round_trip);
  /// Gives back the memory of the rings, which grow again on demand, where nothing is held.
  void trim();
  /// Makes a SACK due whose deadline has passed, and delivers messages that have waited long enough for the
  /// order of their stream.
  void on_timeout(Timestamp now);
  /// When to call on_timeout, or kNever.
  [[nodiscard]] Timestamp next_timeout() const {
    return std::min(acks_.deadline(), reassembly_.next_timeout());
  }
  /// The association ends: delivers the messages that only wait so that they do not leave in one burst.
  void on_end() { reassembly_.release_all(); }
  /// Whether messages wait for the order of their stream, and for a limited time.
  [[nodiscard]] bool holds_messages() const { return reassembly_.holds_messages(); }
  /// How long messages wait for the order of their stream.
  [[nodiscard]] OrderHold& hold() { return reassembly_.hold(); }
  /// How long messages wait for the order of their stream.
  [[nodiscard]] const OrderHold& hold() const { return reassembly_.hold(); }

  // --- acknowledgement

  /// When SACKs are due, and for which paths.
  [[nodiscard]] const AckPolicy& acks() const { return acks_; }
  /// When a SACK becomes due, or kNever.
  [[nodiscard]] Timestamp sack_deadline() const { return acks_.deadline(); }
  /// Makes a SACK due.
  void force_sack() { acks_.force(); }
  /// No SACK can leave on the paths to which one is owed (AckPolicy::owes).
  void cancel_owed_sacks(Timestamp now) { acks_.cancel_owed(now); }

  /// Bytes that write_sack would use of `room`; 0 when the header of the SACK does not fit.
  [[nodiscard]] std::size_t sack_size(Timestamp now, const SackFormat& format, std::size_t room) const;
  /// Writes a SACK or NR-SACK of at most `room` bytes (at least its header, 16 or 20), and a PATH ACK before
  /// it if the format has one and both fit. A SACK has as many gap blocks as fit, lowest first, then
  /// duplicates; an NR-SACK those that GapReport chooses, if its coverage is to be stated, and only
  /// non-renegable blocks, because accepted chunks are never dropped.
  void write_sack(Timestamp now, ByteWriter& writer, const SackFormat& format, std::size_t room);

  // --- output

  /// The next message for the application. May make a SACK due that advertises a window that opened again.
  std::optional<Delivered> poll_message();
  /// The next internal message (Reassembly).
  std::optional<Delivered> poll_diverted();

  // --- getters

  /// The window to advertise, bytes; all of it when nothing is held.
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
  /// Most gap blocks of one SACK.
  static constexpr std::size_t kMaxGapBlocks = 320;

  [[nodiscard]] std::optional<DropReason> admit(std::uint64_t tsn);
  [[nodiscard]] bool has_room_for(std::uint64_t tsn) const;
  [[nodiscard]] std::optional<DropReason> take_in(Timestamp now, std::uint64_t tsn,
                                                  const wire::DataChunk& chunk);

  struct SackBody {
    std::array<wire::GapBlock, kMaxGapBlocks> blocks;
    GapReport::Choice gaps;
    std::size_t duplicates = 0;
    std::size_t path_ack = 0;  ///< bytes
    std::size_t size = 0;      ///< bytes of both chunks
  };
  [[nodiscard]] SackBody compose(Timestamp now, const SackFormat& format, std::size_t room) const;
  [[nodiscard]] GapReport::Kind sack_kind(PathId leaves_on) const;
  [[nodiscard]] GapReport::Choice choose_gaps(Timestamp now, const SackFormat& format,
                                              std::span<wire::GapBlock> out) const;

  TsnTracker tracker_;
  Reassembly reassembly_;
  GapReport gap_report_;
  PathAckWriter path_ack_;
  AckPolicy acks_;
  GapPolicy gap_policy_;
  ReceiveWindow window_;
  std::size_t reopening_;     ///< a gain of this size after a closed window makes a SACK due
  std::uint32_t advertised_;  ///< a_rwnd of the last SACK
  PathId from_ = kNoPath;     ///< of the newest DATA
  bool urgent_ = false;       ///< this packet is acknowledged immediately
  bool duplicate_ = false;    ///< this packet carried DATA that had arrived before
  std::uint64_t abandoned_tsns_ = 0;
};

}  // namespace hawser::sctp::rx
