#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "sctp/association/components.hpp"
#include "sctp/association/ending.hpp"
#include "sctp/association/internal_messages.hpp"

namespace hawser::sctp::association {

/// The packet being read.
struct Packet {
  Timestamp now;
  const Route& route;
  const wire::PacketView& view;
  PathId path;                           ///< kNoPath: the source is no path
  const security::OpenedRecord* record;  ///< null: the packet is not sealed
  std::size_t size;                      ///< of the datagram
  bool authenticated = false;            ///< a record, or an AUTH chunk before, vouches for what follows
  bool had_data = false;
  bool fresh = false;  ///< something in it cannot be a replay

  [[nodiscard]] path::PacketSource source() const;
};

/// Look at the next chunk.
struct NextChunk {};
/// The rest of the packet must not be looked at.
struct SkipRest {};
/// The INIT ACK of our INIT was accepted; the rest of the packet must not be looked at.
struct InitAcked {
  handshake::AcceptedInitAck ack;
};
/// Our COOKIE ECHO was acknowledged.
struct CookieAcked {};
/// The peer asks for a new INIT, because the cookie was stale.
struct InitAgain {};
/// What a chunk leads to for the association as a whole.
using ChunkResult = std::variant<NextChunk, SkipRest, InitAcked, CookieAcked, InitAgain, Ended>;

/// Routes each chunk of a received packet to its procedure, in packet order: checks first whether the chunk
/// may be processed (sealing, AUTH, state), and returns what follows. Owns nothing; never opens or closes the
/// association.
///
/// The way of a chunk: Association::handle_packet > ChunkRouter::route > (unsealed? AUTH?) > handle_data >
/// rx::Receiver::on_data; handle_sack > tx::DataSender::on_sack > tx::LossRecovery::on_sack; and so on
/// (docs/life-of-a-packet.md).
class ChunkRouter {
 public:
  ChunkRouter(Components& parts, InternalMessages& messages) : parts_(parts), messages_(messages) {}

  /// `offset` is that of the chunk in the packet.
  ChunkResult route(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);

 private:
  ChunkResult dispatch(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  ChunkResult handle_authenticated(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  ChunkResult handle_auth(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  void handle_asconf(Packet& packet, const wire::ChunkView& chunk);
  void handle_asconf_ack(Packet& packet, const wire::ChunkView& chunk);
  void handle_heartbeat(Packet& packet, const wire::ChunkView& chunk);
  void handle_heartbeat_ack(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult handle_unknown(const wire::ChunkView& chunk);
  ChunkResult handle_abort(const wire::ChunkView& chunk);
  ChunkResult handle_error(const wire::ChunkView& chunk);
  ChunkResult handle_data(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult answer_refused_data(DropReason refusal, const wire::DataChunk& data);
  void handle_sack(Packet& packet, const wire::ChunkView& chunk);
  void apply_sack(Timestamp now, tx::DataSender::SackVerdict verdict, Packet* packet);
  ChunkResult handle_init_ack(Packet& packet, const wire::ChunkView& chunk);
  void handle_shutdown(Packet& packet, const wire::ChunkView& chunk);
  ChunkResult handle_shutdown_ack(Packet& packet);
  ChunkResult handle_shutdown_complete();

  void drop(DropReason reason) { parts_.endpoint.drops.add(reason); }
  /// Drops the chunk, and looks at the next one.
  ChunkResult skip_chunk(DropReason reason) {
    drop(reason);
    return NextChunk{};
  }
  /// Drops the chunk and what is bundled behind it.
  ChunkResult skip_packet(DropReason reason) {
    drop(reason);
    return SkipRest{};
  }
  [[nodiscard]] bool handshaking() const { return parts_.initiator.has_value(); }

  Components& parts_;
  InternalMessages& messages_;
};

}  // namespace hawser::sctp::association
