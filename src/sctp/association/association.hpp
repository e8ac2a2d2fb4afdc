#pragma once

#include <optional>

#include "hawser/sctp/event.hpp"
#include "hawser/sctp/message.hpp"
#include "hawser/sctp/status.hpp"
#include "sctp/association/chunk_router.hpp"
#include "sctp/association/components.hpp"
#include "sctp/association/establishment.hpp"
#include "sctp/association/internal_messages.hpp"
#include "sctp/association/output.hpp"
#include "sctp/association/path_commands.hpp"

namespace hawser::sctp::association {

/// One association, from our INIT or the peer's COOKIE ECHO to its end. Routes packets to its procedures,
/// polls them in order and applies their results. Owns the procedures, and decides when the association ends.
/// Gets only packets whose verification tag the endpoint has matched. Never reads a clock.
class Association {
 public:
  /// An association that this end begins: sends an INIT over `first` (RFC 9260 §5.1 A). `peer` is the peer's
  /// public key, given in a protected endpoint.
  Association(EndpointContext& context, AssociationId id, const Route& first, std::uint16_t peer_port,
              std::optional<crypto::PublicKey> peer, Timestamp now);
  /// An association that the peer begins: its COOKIE ECHO came over `cookie.route`, and is acknowledged (RFC
  /// 9260 §5.1 D).
  Association(EndpointContext& context, AssociationId id, const handshake::StateCookie& cookie,
              Timestamp now);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  // --- input
  /// The chunks of an unsealed packet, without the handshake MAC, if the packet may be processed: in a
  /// protected association it must be authentic and belong to the handshake. Otherwise why it is dropped.
  [[nodiscard]] Result<wire::PacketView, DropReason> authenticate(const wire::PacketView& packet) const {
    return establishment_.authenticate(packet);
  }
  /// Processes a packet. `record` is given when the packet was sealed; an unsealed one was authenticated.
  void handle_packet(Timestamp now, const Route& route, const wire::PacketView& packet,
                     const security::OpenedRecord* record = nullptr);
  /// Opens a sealed datagram of a protected association, in place.
  [[nodiscard]] Result<security::OpenedRecord, DropReason> open_record(Timestamp now, MutableBytes datagram);
  /// A valid cookie for this association: the COOKIE ACK was lost, or both ends sent INITs (RFC 9260 §5.2.4,
  /// cases B and D).
  void on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie);
  /// A valid cookie of a peer that restarted (case A). False: rejected, because this end is shutting down.
  bool on_restart(Timestamp now, const handshake::StateCookie& cookie);
  /// An INIT arrived. If the association only waits for SHUTDOWN COMPLETE (RFC 9260 §9.2), SHUTDOWN ACK is
  /// the answer. False: it does not wait for that.
  bool reject_init(const Route& source);
  /// ABORT or SHUTDOWN COMPLETE arrived with the T bit and the correct tag.
  void on_reflected(Timestamp now, const wire::ChunkView& chunk);
  /// An unauthenticated hint that the peer restarted: probes each path of ours not probed in the last 5 s.
  void on_restart_hint(Timestamp now);
  /// Handles the timeouts that are due.
  void handle_timeout(Timestamp now);

  // --- commands; each is described at Endpoint
  /// Queues a message.
  SendResult send(Timestamp now, Buffer&& message, const SendOptions& options);
  /// Sets where further messages come from; null: nowhere.
  void set_message_source(MessageSource* source) { parts_.data.queue().set_source(source); }
  /// Adds, moves and removes paths.
  [[nodiscard]] PathCommands& path_commands() { return path_commands_; }
  /// Roles, caps and the primary path.
  [[nodiscard]] path::Preferences& preferences() { return parts_.preferences; }
  /// Shuts down gracefully.
  void shutdown(Timestamp now);
  /// Ends the association, with or without an ABORT, and emits the event.
  void end(Timestamp now, const Ended& ending);

  // --- output
  /// Fills `batch` with finished packets for one route. False: nothing may leave now.
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  /// The next received message; nothing: there is none.
  std::optional<ReceivedMessage> poll_message();
  /// When handle_timeout() has to be called next; kNever: not by time.
  [[nodiscard]] Timestamp next_timeout() const;

  // --- getters
  /// The id, unique within the endpoint.
  [[nodiscard]] AssociationId id() const { return id_; }
  /// Whether the association has ended; received messages may still be read.
  [[nodiscard]] bool closed() const { return closed_; }
  /// The state of RFC 9260 §4.
  [[nodiscard]] AssociationState state() const;
  /// How far the association is established.
  [[nodiscard]] Readiness readiness() const { return establishment_.readiness(); }
  /// Whether our INIT or COOKIE ECHO waits for its answer.
  [[nodiscard]] bool handshaking() const { return establishment_.handshaking(); }
  /// The status for display. Walks over all paths.
  [[nodiscard]] AssociationStatus status() const;
  /// What this end sends in INIT or INIT ACK, its verification tag included.
  [[nodiscard]] const handshake::OwnInit& own_init() const { return parts_.own; }
  /// The peer's verification tag; kNoTag: not known yet.
  [[nodiscard]] VerificationTag peer_tag() const { return parts_.writer.peer_tag(); }
  /// The peer's SCTP port.
  [[nodiscard]] std::uint16_t peer_port() const { return parts_.writer.peer_port(); }
  /// The peer's public key; nothing in plain SCTP, and until the peer has confirmed the keys.
  [[nodiscard]] std::optional<crypto::PublicKey> peer_key() const {
    return readiness() == Readiness::confirmed ? proven_key() : std::nullopt;
  }
  /// The key that the peer has proven by TLS; nothing before that, and in plain SCTP.
  [[nodiscard]] std::optional<crypto::PublicKey> proven_key() const;
  /// The public key that the peer has proven or has to prove; nothing in plain SCTP, and while this end
  /// accepts any of its peers.
  [[nodiscard]] std::optional<crypto::PublicKey> intended_peer() const;
  /// The paths.
  [[nodiscard]] path::PathTable& paths() { return parts_.paths; }
  /// The paths.
  [[nodiscard]] const path::PathTable& paths() const { return parts_.paths; }
  /// The data to send, read only.
  [[nodiscard]] const tx::DataSender& data() const { return parts_.data; }
  /// The largest message that leaves in one chunk on every path that may carry data, bytes.
  [[nodiscard]] std::size_t unfragmented_size() const { return parts_.transmitter.unfragmented_size(); }

 private:
  /// Whether the user may send messages.
  [[nodiscard]] bool open() const;
  void on_data_packet(const Packet& packet);
  bool apply(Packet& packet, const ChunkResult& result);
  bool apply(Packet& packet, const Consequence& consequence);
  void apply(Timestamp now, const std::optional<Ended>& ending);
  void check_liveness(Timestamp now);
  void on_shutdown_timeout(Timestamp now);
  void send_abort(Timestamp now, const AbortCause& cause);

  AssociationId id_;
  Components parts_;
  InternalMessages messages_;
  Establishment establishment_;
  PathCommands path_commands_;
  ChunkRouter router_;
  Output output_;
  bool closed_ = false;
  Timestamp next_trim_ = Timestamp::min();    ///< when memory is given back next
  Timestamp last_record_ = Timestamp::min();  ///< when a record was last opened, from any address
};

}  // namespace hawser::sctp::association
