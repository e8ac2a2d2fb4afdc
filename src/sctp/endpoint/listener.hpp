#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "hawser/base/result.hpp"
#include "sctp/association/endpoint_context.hpp"
#include "sctp/endpoint/association_table.hpp"
#include "sctp/endpoint/half_open_table.hpp"
#include "sctp/handshake/state_cookie.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::endpoint {

/// Answers packets that belong to no association: INITs and COOKIE ECHOs (RFC 9260 §5.1, §5.2), restart
/// notices (docs/protocol.md), and out-of-the-blue packets (§8.4). Owns the cookie secret and, in a protected
/// endpoint, the rate limits; never stores anything else about a peer before its cookie returns.
class Listener {
 public:
  /// Both arguments outlive it.
  Listener(association::EndpointContext& context, AssociationTable& associations);

  /// Answers an INIT by INIT ACK or ABORT, or drops it.
  void handle_init(Timestamp now, const Route& route, const wire::PacketView& packet,
                   const wire::ChunkView& chunk);
  /// Creates or restarts the association of a valid cookie, and gives it the packet.
  void handle_cookie_echo(Timestamp now, const Route& route, const wire::PacketView& packet,
                          const wire::ChunkView& chunk);
  /// Gives a restart hint to the associations with this route. The notice is not authenticated, so at most
  /// ten per second cause a walk over the associations.
  void handle_restart_notice(Timestamp now, const Route& route);
  /// Counts a packet without an association and answers it by ABORT or SHUTDOWN COMPLETE, if at all.
  void handle_out_of_the_blue(const Route& route, const wire::PacketView& packet);

  /// Queues a restart notice.
  void send_restart_notice(const Route& route);

 private:
  using Entry = AssociationTable::Entry;
  /// An INIT in process.
  struct Init {
    const Route& route;
    const wire::PacketView& packet;
    wire::InitChunk chunk;
    wire::InitParameters parameters;
    Entry* existing = nullptr;     ///< the association with this route; null: none
    std::uint16_t access_key = 0;  ///< index of the key that signed the INIT, in a protected endpoint
  };
  /// Why an INIT is answered by ABORT.
  struct Rejection {
    DropReason reason{};
    wire::CauseCode cause{};
    std::vector<std::byte> value;
  };
  /// Limits what unauthenticated peers of a protected endpoint can cause.
  struct HandshakeAdmission {
    HandshakeAdmission(association::EndpointContext& context, AssociationTable& associations)
        : half_open(*context.security, context.random, associations, context.drops) {}
    TokenBucket init_macs;  ///< HMACs for INITs, for all sources together
    TokenBucket echo_macs;  ///< HMACs for COOKIE ECHOs, for all sources together
    HalfOpenTable half_open;
  };

  // --- INIT
  [[nodiscard]] bool is_alone(const wire::PacketView& packet, const wire::ChunkView& chunk) const;
  [[nodiscard]] std::optional<Rejection> judge(const Init& init) const;
  [[nodiscard]] std::optional<Rejection> judge_restart(const Init& init) const;
  [[nodiscard]] std::optional<DropReason> admit_init(Timestamp now, const wire::ChunkView& chunk, Init& init);
  void send_init_ack(Timestamp now, const Init& init);
  void send_protected_ack(Timestamp now, const Route& route, const wire::PacketView& request,
                          const handshake::StateCookie& cookie, const crypto::Sha256Digest& context);
  [[nodiscard]] handshake::StateCookie make_cookie(Timestamp now, const Init& init) const;
  [[nodiscard]] std::vector<std::byte> make_init_ack(const handshake::OwnInit& own, Bytes cookie,
                                                     const Init* init) const;
  // --- COOKIE ECHO
  void handle_protected_echo(Timestamp now, const Route& route, const wire::PacketView& packet, Bytes sealed);
  void renew_cookie(Timestamp now, const Route& route, const wire::PacketView& packet,
                    handshake::StateCookie cookie);
  [[nodiscard]] static bool fits(const handshake::StateCookie& cookie, const wire::PacketView& packet);
  [[nodiscard]] bool is_duplicate(const handshake::StateCookie& cookie) const;
  void give_to(Entry* association, Timestamp now, const Route& route, const wire::PacketView& packet);
  void report_stale_cookie(const Route& route, const wire::PacketView& packet,
                           const handshake::CookieJar::Opened& opened);
  Entry* accept_cookie(Timestamp now, const handshake::StateCookie& cookie);
  Entry* restart(Timestamp now, const handshake::StateCookie& cookie, Entry& tied);
  Entry* create(Timestamp now, const handshake::StateCookie& cookie);
  Entry* begin_handshake(Timestamp now, const handshake::StateCookie& cookie);
  // --- replies
  /// Queues a packet with one chunk, and with a handshake MAC if `mac` is given.
  void reply(const Route& route, const wire::CommonHeader& to, VerificationTag tag, wire::ChunkType type,
             Bytes chunk, const security::HandshakeMac* mac = nullptr);
  void reject(const Init& init, const Rejection& rejection);

  void drop(DropReason reason) const { context_.drops.add(reason); }
  [[nodiscard]] bool is_protected() const { return admission_ != nullptr; }

  association::EndpointContext& context_;
  AssociationTable& associations_;
  std::unique_ptr<HandshakeAdmission> admission_;  ///< null: plain SCTP
  handshake::CookieJar cookies_;
  Timestamp next_restart_notice_ = Timestamp::min();  ///< notices that arrive earlier are dropped
};

}  // namespace hawser::sctp::endpoint
