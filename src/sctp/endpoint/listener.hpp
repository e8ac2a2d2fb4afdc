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
/// notices (docs/protocol.md), and out-of-the-blue packets (§8.4). Keeps nothing about a peer before its
/// cookie comes back, except the rate limits of a protected endpoint. Owns the cookie secret.
class Listener {
 public:
  Listener(association::EndpointContext& context, AssociationTable& associations);

  void handle_init(Timestamp now, const Route& route, const wire::PacketView& packet,
                   const wire::ChunkView& chunk);
  void handle_cookie_echo(Timestamp now, const Route& route, const wire::PacketView& packet,
                          const wire::ChunkView& chunk);
  /// Unauthenticated: costs one walk over the associations at most ten times a second.
  void handle_restart_notice(Timestamp now, const Route& route);
  void handle_out_of_the_blue(const Route& route, const wire::PacketView& packet);

  void send_restart_notice(const Route& route);

 private:
  using Entry = AssociationTable::Entry;
  /// An INIT, and where it came from.
  struct Init {
    const Route& route;
    const wire::PacketView& packet;
    wire::InitChunk chunk;
    wire::InitParameters parameters;
    Entry* existing = nullptr;   ///< the association with this route
    std::size_t access_key = 0;  ///< that the INIT was signed with, in a protected endpoint
  };
  /// An INIT that is answered by ABORT.
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
    TokenBucket checks;  ///< of ACCESS proofs, from all sources together
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
  Timestamp next_restart_notice_ = Timestamp::min();  ///< earlier ones are dropped
};

}  // namespace hawser::sctp::endpoint
