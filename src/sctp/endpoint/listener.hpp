#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "hawser/base/result.hpp"
#include "sctp/association/endpoint_context.hpp"
#include "sctp/endpoint/association_table.hpp"
#include "sctp/endpoint/handshake_limiter.hpp"
#include "sctp/handshake/state_cookie.hpp"
#include "sctp/security/access_proof.hpp"
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

  /// The peers of the SecurityConfig have changed: accepts the ACCESS proofs of the new ones only.
  void reload_peers();
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
    Entry* existing = nullptr;   ///< the association with this route; null: none
    std::size_t access_key = 0;  ///< index of the key that signed the INIT, in a protected endpoint
  };
  /// Why an INIT is answered by ABORT.
  struct Rejection {
    DropReason reason{};
    wire::CauseCode cause{};
    std::vector<std::byte> value;
  };
  /// Limits what unauthenticated peers of a protected endpoint can cause.
  struct HandshakeAdmission {
    HandshakeAdmission(const SecurityConfig& config, RandomSource& random)
        : access(config), inits(random, config.handshake_rate), cookies(random, config.handshake_rate) {}
    security::AccessKeys access;
    TokenBucket checks;  ///< limits checks of ACCESS proofs, for all sources together
    HandshakeLimiter inits;
    HandshakeLimiter cookies;
  };

  // --- INIT
  [[nodiscard]] bool is_alone(const wire::PacketView& packet, const wire::ChunkView& chunk) const;
  [[nodiscard]] std::optional<Rejection> judge(const Init& init) const;
  [[nodiscard]] std::optional<Rejection> judge_restart(const Init& init) const;
  [[nodiscard]] std::optional<DropReason> admit_init(Timestamp now, const wire::ChunkView& chunk, Init& init);
  void send_init_ack(Timestamp now, const Init& init);
  [[nodiscard]] handshake::StateCookie make_cookie(Timestamp now, const Init& init) const;
  // --- COOKIE ECHO
  [[nodiscard]] handshake::CookieJar::Opened open_cookie(Bytes echo, Timestamp now) const;
  void report_stale_cookie(const Route& route, const wire::PacketView& packet,
                           const handshake::CookieJar::Opened& opened);
  Entry* accept_cookie(Timestamp now, const handshake::StateCookie& cookie);
  Entry* restart(Timestamp now, const handshake::StateCookie& cookie, Entry& tied);
  Entry* create(Timestamp now, const handshake::StateCookie& cookie);
  [[nodiscard]] bool admit_cookie(Timestamp now, const handshake::StateCookie& cookie);
  // --- replies
  void reply(const Route& route, const wire::CommonHeader& to, VerificationTag tag, wire::ChunkType type,
             Bytes chunk);
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
