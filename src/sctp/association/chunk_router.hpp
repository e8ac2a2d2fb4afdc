#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "sctp/association/components.hpp"
#include "sctp/association/ending.hpp"
#include "sctp/association/internal_messages.hpp"
#include "sctp/wire/heartbeat.hpp"

namespace hawser::sctp::association {

/// The packet in process. Borrows its bytes.
struct Packet {
  Timestamp now;
  const Route& route;
  const wire::PacketView& view;
  PathId path;                           ///< kNoPath: the source is not a path
  const security::OpenedRecord* record;  ///< null: the packet is not sealed
  std::size_t size;                      ///< of the datagram
  bool authenticated = false;            ///< a record or an earlier AUTH chunk covers the next chunks
  bool had_data = false;                 ///< it contained DATA that reached the receiver
  bool fresh = false;                    ///< it contained a chunk that cannot be a replay
  // Chunks of which one per packet counts, so that no packet costs more than its size explains.
  bool had_sack = false;
  bool had_path_ack = false;
  bool overtaken = false;  ///< a PATH ACK that left the peer later has arrived before
  bool had_asconf = false;
  bool had_forward_tsn = false;
  bool had_error = false;                           ///< an ERROR answers it
  std::optional<wire::HeartbeatChunk> heartbeat{};  ///< the newest one that is to be answered
  PathId home = kNoPath;                            ///< see Migration::home_of()

  /// Where the packet came from, for Migration.
  [[nodiscard]] path::PacketSource source() const {
    if (record == nullptr) return {now, route, size, fresh, nullptr, {}};
    return {now, route, size, record->newest, &record->peer_path->path, record->origin};
  }
};

/// The INIT ACK of our INIT was accepted; the rest of the packet must be skipped.
struct InitAcked {
  handshake::AcceptedInitAck ack;
};
/// Our COOKIE ECHO was acknowledged.
struct CookieAcked {};
/// The hub has renewed the cookie: a COOKIE ECHO is due.
using handshake::CookieRenewed;
/// The cookie was stale: a new INIT is due.
struct InitAgain {};
/// What a chunk means for the association as a whole.
using Consequence = std::variant<InitAcked, CookieAcked, CookieRenewed, InitAgain, Ended>;

/// The next chunk may be processed.
struct NextChunk {};
/// The rest of the packet must be skipped.
struct SkipRest {};
/// The result of a chunk. Few chunks have a consequence, so that it is in the heap and the result is small.
using ChunkResult = std::variant<NextChunk, SkipRest, std::unique_ptr<Consequence>>;
[[nodiscard]] inline ChunkResult consequence(Consequence&& value) {
  return std::make_unique<Consequence>(std::move(value));
}

/// Routes each chunk of a received packet to its procedure, in packet order: first checks whether the chunk
/// may be processed (sealing, AUTH, state), then returns its result. Owns nothing; never opens or closes the
/// association.
///
/// The path of a chunk through the code: Association::handle_packet > ChunkRouter::route > (unsealed? AUTH?)
/// > handle_data > rx::Receiver::on_data; handle_sack > tx::DataSender::on_sack > tx::LossRecovery::on_sack;
/// and so on (docs/life-of-a-packet.md).
class ChunkRouter {
 public:
  /// Both arguments outlive it.
  ChunkRouter(Components& parts, InternalMessages& messages) : parts_(parts), messages_(messages) {}

  /// Processes one chunk; `offset` is its offset in the packet in bytes.
  ChunkResult route(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  /// Answers the HEARTBEAT of a packet whose chunks were processed.
  void answer_heartbeat(const Packet& packet);

 private:
  ChunkResult dispatch(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  ChunkResult handle_authenticated(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  ChunkResult handle_auth(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  void handle_asconf(Packet& packet, const wire::ChunkView& chunk);
  void handle_asconf_ack(Packet& packet, const wire::ChunkView& chunk);
  void handle_heartbeat(Packet& packet, const wire::ChunkView& chunk);
  void handle_heartbeat_ack(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult handle_unknown(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult handle_abort(const wire::ChunkView& chunk);
  ChunkResult handle_error(const wire::ChunkView& chunk);
  ChunkResult handle_data(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult answer_refused_data(Packet& packet, DropReason refusal, const wire::DataChunk& data);
  void report_error(Packet& packet, wire::CauseCode cause, Bytes value);
  ChunkResult handle_forward_tsn(Packet& packet, const wire::ChunkView& chunk);
  void handle_sack(Packet& packet, const wire::ChunkView& chunk);
  void handle_path_ack(Packet& packet, const wire::ChunkView& chunk);
  void apply_sack(Timestamp now, tx::DataSender::SackVerdict verdict, Packet* packet);
  ChunkResult handle_init_ack(Packet& packet, const wire::ChunkView& chunk);
  void handle_shutdown(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult handle_shutdown_ack(Packet& packet);
  ChunkResult handle_shutdown_complete();

  void drop(DropReason reason) { parts_.endpoint.drops.add(reason); }
  /// Drops the chunk; the next one may be processed.
  ChunkResult skip_chunk(DropReason reason) {
    drop(reason);
    return NextChunk{};
  }
  /// Drops the chunk and the rest of the packet.
  ChunkResult skip_packet(DropReason reason) {
    drop(reason);
    return SkipRest{};
  }
  [[nodiscard]] bool handshaking() const { return parts_.initiator.has_value(); }

  Components& parts_;
  InternalMessages& messages_;
};

}  // namespace hawser::sctp::association
