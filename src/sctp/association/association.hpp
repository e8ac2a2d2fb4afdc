#pragma once

#include <optional>

#include "hawser/sctp/event.hpp"
#include "hawser/sctp/message.hpp"
#include "hawser/sctp/status.hpp"
#include "sctp/association/chunk_router.hpp"
#include "sctp/association/components.hpp"
#include "sctp/association/establishment.hpp"
#include "sctp/association/internal_messages.hpp"

namespace hawser::sctp::association {

/// One association, from our INIT or the peer's COOKIE ECHO to its end. Routes packets to its procedures,
/// polls them in order and applies what they return; owns them and the end of the association. Takes packets
/// whose verification tag the endpoint has matched. Never looks at a clock.
class Association {
 public:
  /// Ours: sends an INIT over `first` (RFC 9260 §5.1 A). `peer` is given in a protected endpoint.
  Association(EndpointContext& context, AssociationId id, const Route& first, std::uint16_t peer_port,
              std::optional<crypto::PublicKey> peer, Timestamp now);
  /// The peer's: its COOKIE ECHO came over `cookie.route`, and is acknowledged (RFC 9260 §5.1 D).
  Association(EndpointContext& context, AssociationId id, const handshake::StateCookie& cookie,
              Timestamp now);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  // --- input
  /// `record` is given when the packet came sealed.
  void handle_packet(Timestamp now, const Route& route, const wire::PacketView& packet,
                     const security::OpenedRecord* record = nullptr);
  /// Opens a sealed datagram of a protected association, in place.
  [[nodiscard]] Result<security::OpenedRecord, DropReason> open_record(Timestamp now, MutableBytes datagram);
  /// A valid cookie for this association: the COOKIE ACK was lost, or both ends sent INITs (RFC 9260 §5.2.4,
  /// cases B and D).
  void on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie);
  /// A valid cookie of a peer that restarted (case A). False: rejected, because this end is shutting down.
  bool on_restart(Timestamp now, const handshake::StateCookie& cookie);
  /// An INIT for an association that only waits for SHUTDOWN COMPLETE (RFC 9260 §9.2): answered by SHUTDOWN
  /// ACK. False: it does not wait for that.
  bool reject_init(const Route& source);
  /// ABORT or SHUTDOWN COMPLETE with the T bit and the right tag.
  void on_reflected(Timestamp now, const wire::ChunkView& chunk);
  /// An unauthenticated hint that the peer restarted: probes each path of ours not probed in the last 5 s.
  void on_restart_hint(Timestamp now);
  void handle_timeout(Timestamp now);

  // --- commands
  SendResult send(Buffer&& message, const SendOptions& options);
  std::optional<PathId> add_path(const Route& route);
  bool remove_path(PathId id);
  /// Roles, caps and the primary path.
  [[nodiscard]] path::Preferences& preferences() { return parts_.preferences; }
  bool request_address(wire::ParameterType type, const IpAddress& local);
  void probe_path(PathId id);
  void shutdown(Timestamp now);
  /// Ends the association, with or without an ABORT.
  void end(Timestamp now, const Ended& ending);

  // --- output
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  std::optional<ReceivedMessage> poll_message();
  [[nodiscard]] Timestamp next_timeout() const;

  // --- getters
  [[nodiscard]] AssociationId id() const { return id_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] AssociationState state() const;
  [[nodiscard]] Readiness readiness() const { return establishment_.readiness(); }
  /// Our INIT or COOKIE ECHO is not answered yet.
  [[nodiscard]] bool handshaking() const { return establishment_.handshaking(); }
  [[nodiscard]] AssociationStatus status() const;
  [[nodiscard]] const handshake::OwnInit& own_init() const { return parts_.own; }
  [[nodiscard]] VerificationTag peer_tag() const { return parts_.writer.peer_tag(); }
  [[nodiscard]] std::uint16_t peer_port() const { return parts_.writer.peer_port(); }
  /// Nothing in plain SCTP, and until the peer has proven its keys.
  [[nodiscard]] std::optional<crypto::PublicKey> peer_key() const;
  [[nodiscard]] path::PathTable& paths() { return parts_.paths; }
  [[nodiscard]] const tx::DataSender& data() const { return parts_.data; }
  [[nodiscard]] std::size_t unfragmented_size() const { return parts_.transmitter.unfragmented_size(); }

 private:
  [[nodiscard]] bool established() const { return state() == AssociationState::established; }
  bool apply(Packet& packet, ChunkResult&& result);
  void apply(Timestamp now, const std::optional<Ended>& ending);
  void check_liveness(Timestamp now);
  void advance_shutdown(Timestamp now);
  void on_shutdown_timeout(Timestamp now);
  bool build_batch(Timestamp now, TransmitBatch& batch);
  bool poll_probe(Timestamp now, TransmitBatch& batch);
  void send_abort(Timestamp now, const AbortCause& cause);
  /// The receiver's cumulative TSN; 0 before the peer's first TSN is known.
  [[nodiscard]] Tsn cumulative_tsn() const;

  AssociationId id_;
  Components parts_;
  InternalMessages messages_;
  Establishment establishment_;
  ChunkRouter router_;
  bool closed_ = false;
  Timestamp last_record_ = Timestamp::min();  ///< when a record was last opened, wherever it came from
};

}  // namespace hawser::sctp::association
