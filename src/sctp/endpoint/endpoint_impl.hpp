#pragma once

#include <memory>
#include <vector>

#include "hawser/sctp/endpoint.hpp"
#include "sctp/association/association.hpp"
#include "sctp/association/core.hpp"
#include "sctp/endpoint/handshake_limiter.hpp"
#include "sctp/endpoint/tag_table.hpp"
#include "sctp/handshake/state_cookie.hpp"
#include "sctp/security/access_proof.hpp"

namespace hawser::sctp {

/// The endpoint behind its façade: demultiplexing (endpoint.cpp) and what it answers without an association
/// (listener.cpp).
class Endpoint::Impl {
 public:
  Impl(EndpointConfig config, RandomSource& random, BufferPool& pool,
       std::optional<SecurityConfig> protection);

  void handle_datagram(Timestamp now, ReceivedDatagram& datagram);
  void handle_timeout(Timestamp now);
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  std::optional<ReceivedMessage> poll_message();
  [[nodiscard]] Timestamp next_timeout();

  AssociationId connect(Timestamp now, const Route& first, std::uint16_t peer_port,
                        std::optional<crypto::PublicKey> peer);
  void send_restart_notice(const Route& route);
  /// An association and what the endpoint remembers about it.
  struct Entry final : association::Association {
    using association::Association::Association;
    Timestamp deadline = kNever;
    bool touched = false;   ///< in touched_
    bool readable = false;  ///< in readable_
  };

  /// The live association of that id, marked as touched; null when there is none.
  Entry* find(AssociationId id);
  [[nodiscard]] const Entry* find(AssociationId id) const;
  [[nodiscard]] std::size_t live_count() const;
  /// `entry` may have something to send, to deliver, or other deadlines than before.
  void touch(Entry& entry);

  EndpointConfig config_;
  DropCounters drops_;
  RingQueue<Event> events_;

 private:
  // endpoint.cpp
  void handle_sealed(Timestamp now, ReceivedDatagram& datagram);
  [[nodiscard]] bool legal_header(const wire::CommonHeader& header, const Route& route);
  void dispatch(Timestamp now, const Route& route, const wire::PacketView& packet,
                const wire::ChunkView& first);
  Entry& adopt(std::unique_ptr<Entry> entry);
  [[nodiscard]] Entry* find_by_route(const Route& route, std::uint16_t peer_port);
  [[nodiscard]] Entry* find_by_peer_tag(const Route& route, std::uint32_t tag);
  void reap_closed();
  bool poll_reply(TransmitBatch& batch);

  // listener.cpp: RFC 9260 §5.1, §5.2, §8.4
  void handle_init(const Route& route, const wire::PacketView& packet, const wire::ChunkView& chunk,
                   Timestamp now);
  void handle_cookie_echo(Timestamp now, const Route& route, const wire::PacketView& packet,
                          const wire::ChunkView& chunk);
  Entry* accept_cookie(Timestamp now, const handshake::StateCookie& cookie);
  Entry* create(Timestamp now, const handshake::StateCookie& cookie);
  void send_init_ack(Timestamp now, const Route& route, const wire::PacketView& packet,
                     const wire::InitChunk& init, const wire::InitParameters& parameters, Entry* existing,
                     std::size_t access_key = 0);
  [[nodiscard]] handshake::CookieJar::Opened open_cookie(Bytes echo, Timestamp now) const;
  void handle_protected_init(const Route& route, const wire::PacketView& packet, const wire::ChunkView& chunk,
                             Timestamp now);
  [[nodiscard]] bool admit_cookie(Timestamp now, const handshake::StateCookie& cookie);
  void handle_restart_notice(Timestamp now, const Route& route);
  void handle_out_of_the_blue(const Route& route, const wire::PacketView& packet);
  void reply(const Route& route, const wire::CommonHeader& to, std::uint32_t tag, wire::ChunkType type,
             Bytes chunk);
  void reply_abort(const Route& route, const wire::CommonHeader& to, std::uint32_t tag, bool reflected,
                   wire::CauseCode cause, Bytes value = {});

  /// What a protected endpoint has beside.
  struct Guard {
    Guard(SecurityConfig&& given, RandomSource& random)
        : protection(std::move(given)),
          access(protection),
          inits(random, protection.handshake_rate),
          cookies(random, protection.handshake_rate) {}
    SecurityConfig protection;
    security::AccessKeys access;
    TokenBucket checks;  ///< of ACCESS proofs, whoever sends them
    endpoint::HandshakeLimiter inits;
    endpoint::HandshakeLimiter cookies;
  };

  std::unique_ptr<Guard> guard_;  ///< null: plain SCTP
  RandomSource& random_;
  BufferPool& pool_;
  RingQueue<association::Reply> replies_;
  association::EndpointContext context_;
  handshake::CookieJar cookies_;
  endpoint::TagTable<Entry> tags_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<Entry*> touched_;   ///< may have something to send, or other deadlines than before
  std::vector<Entry*> readable_;  ///< may have messages
  std::uint32_t next_id_ = 1;
  Timestamp next_restart_notice_ = Timestamp::min();  ///< earlier ones are not looked at
};

}  // namespace hawser::sctp
