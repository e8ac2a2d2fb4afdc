#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "hawser/sctp/event.hpp"
#include "hawser/sctp/message.hpp"
#include "hawser/sctp/status.hpp"
#include "sctp/asconf/initiator.hpp"
#include "sctp/asconf/responder.hpp"
#include "sctp/association/core.hpp"
#include "sctp/handshake/negotiation.hpp"
#include "sctp/handshake/state_cookie.hpp"
#include "sctp/path/scheduler.hpp"
#include "sctp/path/validation.hpp"
#include "sctp/rx/receiver.hpp"
#include "sctp/security/secure_channel.hpp"
#include "sctp/tx/data_sender.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::association {

/// One association, from our INIT or the peer's COOKIE ECHO to its end. Owns its paths, data in both
/// directions and timers; takes packets whose verification tag the endpoint has matched. Never looks at a
/// clock, never finds out by itself whom a packet belongs to.
///
/// association.cpp has input and output in packet order, association_control.cpp the output of control
/// chunks; the procedures are in association_handshake.cpp, association_data.cpp, association_mtu.cpp,
/// association_roles.cpp and association_shutdown.cpp, and in heartbeat.cpp, asconf_*.cpp and auth.cpp.
class Association {
 public:
  /// Ours: sends an INIT over `first` (RFC 9260 §5.1 A).
  /// `peer` is given by a protected endpoint.
  Association(EndpointContext& context, AssociationId id, const Route& first, std::uint16_t peer_port,
              std::optional<crypto::PublicKey> peer, Timestamp now);
  /// The peer's: its COOKIE ECHO came over `cookie.route` (RFC 9260 §5.1 D).
  Association(EndpointContext& context, AssociationId id, const handshake::StateCookie& cookie,
              Timestamp now);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  // --- input
  // -----------------------------------------------------------------------------------------------------
  /// `record` is given when the packet came sealed.
  void handle_packet(Timestamp now, const Route& route, const wire::PacketView& packet,
                     const security::OpenedRecord* record = nullptr);
  /// Opens a sealed datagram of a protected association, in place.
  [[nodiscard]] Result<security::OpenedRecord, DropReason> open_record(Timestamp now, MutableBytes datagram);
  /// A valid cookie for this association: its first was lost, or both sides sent INITs (RFC 9260 §5.2.4,
  /// cases B and D).
  void on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie);
  /// Answers the COOKIE ECHO that created the association.
  void acknowledge_cookie();
  /// A valid cookie of a peer that restarted (case A). False: refused, we are shutting down.
  bool on_restart(Timestamp now, const handshake::StateCookie& cookie);
  /// An INIT for an association that only waits for SHUTDOWN COMPLETE (RFC 9260 §9.2): answered by SHUTDOWN
  /// ACK. False: it waits for no such thing.
  bool refuse_init(const Route& source);
  /// ABORT or SHUTDOWN COMPLETE with the T bit and the right tag.
  void on_reflected(const wire::ChunkView& chunk);
  void handle_timeout(Timestamp now);

  // --- commands
  // --------------------------------------------------------------------------------------------------
  SendResult send(Buffer&& message, const SendOptions& options);
  std::optional<PathId> add_path(const Route& route);
  bool remove_path(PathId id);
  bool set_primary(PathId id);
  bool set_path_role(PathId id, PathRole role);
  bool set_path_caps(PathId id, const PathCaps& caps);
  bool request_address(wire::ParameterType type, const IpAddress& local);
  void probe_path(PathId id);
  /// Somebody says that the peer has begun anew: asks every path of ours that was not asked lately.
  void on_restart_hint(Timestamp now);
  void shutdown(Timestamp now);
  void abort(wire::CauseCode cause, std::string_view reason);
  /// For causes whose value has a form of its own (RFC 9260 §3.3.10).
  void abort_with(wire::CauseCode cause, Bytes value);

  // --- output
  // ----------------------------------------------------------------------------------------------------
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  std::optional<ReceivedMessage> poll_message();
  [[nodiscard]] Timestamp next_timeout();

  // --- getters
  // ---------------------------------------------------------------------------------------------------
  [[nodiscard]] AssociationId id() const { return core_.id; }
  [[nodiscard]] bool closed() const { return std::holds_alternative<Closed>(state_); }
  [[nodiscard]] AssociationState state() const;
  [[nodiscard]] AssociationStatus status() const;
  [[nodiscard]] std::uint32_t local_tag() const { return core_.local_tag; }
  [[nodiscard]] std::uint32_t peer_tag() const { return core_.peer_tag; }
  [[nodiscard]] std::uint16_t peer_port() const { return core_.peer_port; }
  [[nodiscard]] const handshake::OwnInit& own_init() const { return own_; }
  [[nodiscard]] bool has_path(const Route& route) { return core_.paths.find(route) != nullptr; }
  [[nodiscard]] bool uses_remote(const IpAddress& ip) const;
  [[nodiscard]] bool handshaking() const;
  /// Neither is the handshake over nor, in a protected association, are there keys.
  [[nodiscard]] bool opening() const { return handshaking() || !(channel_ == nullptr || channel_->up()); }
  /// The user does not know of it yet, as it is not set up or, in a protected one, the peer has not shown
  /// that it has the keys.
  [[nodiscard]] bool half_open() const { return !core_.open; }
  [[nodiscard]] std::optional<crypto::PublicKey> peer_key() const;
  [[nodiscard]] std::size_t send_space() const { return sender_.space(); }
  [[nodiscard]] std::size_t send_backlog() const { return sender_.backlog(); }
  [[nodiscard]] std::size_t unfragmented_size() const;

 private:
  // The state data lives in the state (RFC 9260 §4).
  struct CookieWait {
    Timestamp t1{};
    Duration timeout{};
    unsigned transmissions = 0;
    std::vector<std::byte> init;                       ///< the chunk; a retransmission is the same
    std::optional<std::uint32_t> cookie_preservative;  ///< ms, after a Stale Cookie error
    unsigned stale_cookies = 0;                        ///< how many such errors came
  };
  struct CookieEchoed {
    Timestamp t1{};
    Duration timeout{};
    unsigned transmissions = 0;
    std::vector<std::byte> cookie;
    unsigned stale_cookies = 0;
  };
  struct Established {};
  struct ShutdownPending {};
  struct ShutdownReceived {};
  struct ShutdownSent {
    Timestamp t2{};
    Timestamp t5{};
    Duration timeout{};
    unsigned transmissions = 0;
    PathId path = kNoPath;  ///< where the last one went
  };
  struct ShutdownAckSent {
    Timestamp t2{};
    Timestamp t5 = kNever;  ///< when a protected association ends without the peer's last word
    Duration timeout{};
    unsigned transmissions = 0;
    PathId path = kNoPath;
  };
  struct Closed {};
  /// In the order of AssociationState.
  using State = std::variant<CookieWait, CookieEchoed, Established, ShutdownPending, ShutdownSent,
                             ShutdownReceived, ShutdownAckSent, Closed>;

  /// What is known of the packet being read.
  struct Packet {
    Timestamp now;
    const Route& route;
    const wire::PacketView& view;
    PathId path;                           ///< kNoPath: the source is no path of ours
    const security::OpenedRecord* record;  ///< null: it came unsealed
    std::size_t size;                      ///< of the datagram
    bool authenticated = false;            ///< an AUTH chunk before vouches for what follows
    bool had_data = false;
    bool fresh = false;  ///< something in it cannot have been replayed
  };
  enum class Next : bool { stop, go_on };

  template <class S>
  [[nodiscard]] bool in() const {
    return std::holds_alternative<S>(state_);
  }
  void init_core();

  // association.cpp, in packet order
  Next handle_chunk(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  Next handle_authenticated(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  Next handle_auth(Packet& packet, const wire::ChunkView& chunk, std::size_t offset);
  void handle_asconf(Packet& packet, const wire::ChunkView& chunk);
  void handle_asconf_ack(Packet& packet, const wire::ChunkView& chunk);
  void handle_heartbeat(Packet& packet, const wire::ChunkView& chunk);
  void handle_heartbeat_ack(Packet& packet, const wire::ChunkView& chunk);
  Next handle_unknown(const wire::ChunkView& chunk);
  void handle_abort(const wire::ChunkView& chunk);
  void handle_error(Packet& packet, const wire::ChunkView& chunk);
  void note_source(const Packet& packet);
  [[nodiscard]] static bool moves_with(const path::Path& path, const security::OpenedRecord& record);
  void follow_source(const Packet& packet);
  void settle_candidate(path::Path& candidate, Timestamp now);
  void rejoin_failed_paths();
  void retire_forsaken_paths(Timestamp now);
  [[nodiscard]] bool silent_too_long(Timestamp now) const;
  void send_abort(wire::CauseCode cause, Bytes value);
  bool build_batch(Timestamp now, TransmitBatch& batch);
  void retire_path(PathId id);
  void close(Event::Kind kind, std::uint16_t cause, std::string_view reason);
  void send_last_word(const Route& route, wire::ChunkType type, Bytes chunk, std::uint32_t tag);
  void send_error(wire::CauseCode cause, Bytes value);

  // association_control.cpp
  bool poll_control(Timestamp now, TransmitBatch& batch);
  [[nodiscard]] const Route* route_of(const control::ControlChunk& chunk);
  [[nodiscard]] tx::PacketBuilder begin_control(const Route& route, const control::ControlChunk& first,
                                                TransmitBatch& batch);
  [[nodiscard]] std::size_t safe_payload(const Route& route);
  bool within_amplification(path::Path* path, std::size_t bytes);
  void count_sent(path::Path& path, std::size_t bytes, Timestamp now);

  // association_mtu.cpp
  [[nodiscard]] static bool is_probe_ack(const wire::HeartbeatChunk& chunk);
  void handle_probe_ack(const Packet& packet, const wire::HeartbeatChunk& chunk);
  void on_probe_timeouts(Timestamp now);
  void look_for_black_hole(path::Path& path, unsigned enough);
  void after_losses(path::Path& path);
  void on_black_hole(path::Path& path);
  [[nodiscard]] Timestamp next_probe_timeout() const;
  [[nodiscard]] std::size_t next_packet_size();
  [[nodiscard]] path::Path* pick_path(Timestamp now);
  bool poll_probe(Timestamp now, TransmitBatch& batch);
  void build_probe(path::Path& path, std::size_t size, Timestamp now, TransmitBatch& batch);

  // association_protection.cpp
  void open_channel(crypto::TlsRole role, const handshake::PeerInit& peer,
                    const crypto::Sha256Digest& transcript, Timestamp now);
  void advance_channel(Timestamp now);
  void give_up_handshake();
  void read_own_messages(Timestamp now);
  void send_key_messages();
  void give_up_channel(Timestamp now);
  [[nodiscard]] bool may_come_unsealed(const wire::ChunkView& chunk) const;
  [[nodiscard]] bool is_key_management(const wire::DataChunk& data) const;
  [[nodiscard]] bool only_for_tls(const wire::DataChunk& data) const;
  [[nodiscard]] bool fits_handshake(const wire::DataChunk& data) const;
  [[nodiscard]] tx::PacketBuilder begin_packet(MutableBytes room) const;
  [[nodiscard]] bool seal_batch(TransmitBatch& batch);
  [[nodiscard]] path::RecordNumbers& record_numbers(const Route& route);
  void add_early_data(tx::PacketBuilder& packet, Timestamp now);

  // association_roles.cpp
  void send_path_preferences();
  void handle_path_preferences(Bytes message);
  static void settle_cap(path::Path& path);

  // association_handshake.cpp
  void send_init(Timestamp now);
  [[nodiscard]] crypto::SecretBytes access_key() const;
  [[nodiscard]] std::vector<std::byte> make_init_chunk(std::optional<std::uint32_t> cookie_preservative);
  bool handle_protected_init_ack(Packet& packet, const wire::ChunkView& chunk,
                                 const wire::InitParameters& parameters, const handshake::PeerInit& peer);
  void send_cookie_echo(Timestamp now);
  void handle_init_ack(Packet& packet, const wire::ChunkView& chunk);
  void handle_cookie_ack(Timestamp now);
  void handle_stale_cookie(Timestamp now, Duration staleness);
  [[nodiscard]] bool acceptable(const wire::InitChunk& init, const wire::InitParameters& parameters);
  void adopt(const handshake::PeerInit& peer);
  void add_listed_addresses();
  void establish(Timestamp now, Event::Kind kind);
  void go_public();
  void on_handshake_timeout(Timestamp now);

  // association_data.cpp
  void handle_data(Packet& packet, const wire::ChunkView& chunk);
  void handle_sack(Packet& packet, const wire::ChunkView& chunk);
  void after_sack(Timestamp now, tx::DataSender::SackVerdict verdict, Packet* packet);
  void settle_path(path::Path& path, Timestamp now);
  void on_late_arrival(path::Path& path, Timestamp now);
  [[nodiscard]] bool works_one_way(const path::Path& path) const;
  [[nodiscard]] Timestamp t3_deadline(const path::Path& path, Timestamp now) const;
  void on_t3(path::Path& path, Timestamp now);
  void on_data_timeouts(Timestamp now);
  [[nodiscard]] bool may_send_data() const;
  [[nodiscard]] path::Path* sack_path();
  bool poll_data(Timestamp now, TransmitBatch& batch);
  void fill_batch(path::Path& path, bool with_sack, Timestamp now, TransmitBatch& batch);
  [[nodiscard]] bool worth_bundling(const tx::PacketBuilder& packet);
  bool add_sack(tx::PacketBuilder& packet);
  bool poll_sack(Timestamp now, TransmitBatch& batch);

  // association_shutdown.cpp
  void advance_shutdown(Timestamp now);
  void enter_shutdown_ack_sent(Timestamp now);
  [[nodiscard]] bool lacks_only_last_word() const;
  void send_shutdown(Timestamp now);
  void send_shutdown_ack(Timestamp now, const Route* source);
  void handle_shutdown(Packet& packet, const wire::ChunkView& chunk);
  void handle_shutdown_ack(Packet& packet);
  void handle_shutdown_complete();
  void on_shutdown_timeout(Timestamp now);
  [[nodiscard]] Timestamp shutdown_deadline() const;

  Core core_;
  std::optional<crypto::PublicKey> expected_peer_;    ///< of a protected association that we began
  std::unique_ptr<security::SecureChannel> channel_;  ///< null in plain SCTP, and before the INIT ACK
  path::RecordNumbers pathless_record_;               ///< of answers to sources that are no path
  Timestamp last_record_ = Timestamp::min();          ///< opened, wherever it came from
  Timestamp handshake_deadline_ = kNever;             ///< for the peer to prove its key
  Event::Kind opened_as_ = Event::Kind::connected;
  handshake::OwnInit own_;
  State state_;
  path::PathValidation heartbeats_;
  tx::DataSender sender_;
  std::optional<rx::Receiver> receiver_;  ///< from when the peer's first TSN is known
  asconf::AsconfInitiator asconf_;
  std::optional<asconf::AsconfResponder> asconf_responder_;
  std::unique_ptr<path::PathScheduler> scheduler_;
  std::vector<IpAddress> listed_addresses_;  ///< by the peer, until the association is up
  std::uint16_t inbound_streams_ = 0;
  std::uint16_t outbound_streams_ = 0;
  std::size_t chunk_overhead_ = 0;  ///< of a packet with one DATA chunk, beside user data and padding
  Timestamp pacing_deadline_ = kNever;
  bool sack_seen_since_t3_ = false;
};

}  // namespace hawser::sctp::association
