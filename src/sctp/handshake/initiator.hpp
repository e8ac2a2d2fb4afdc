#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/hmac.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/handshake/negotiation.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::handshake {

/// An INIT ACK that makes the association impossible; the answer is an ABORT (RFC 9260 §5.1, §3.3.3).
struct InitAckRefusal {
  VerificationTag peer_tag;
  wire::CauseCode cause{};
  std::vector<std::byte> value;
};

/// The content of an INIT ACK that was accepted.
struct AcceptedInitAck {
  PeerInit peer;
  /// Hash of INIT and INIT ACK, in a protected endpoint.
  crypto::Sha256Digest transcript{};
  /// Parameters that this end does not know, to be reported; they borrow the packet's bytes.
  std::vector<wire::ParameterView> unrecognized;
};

/// The hub has made the cookie again, because the COOKIE ECHO did not come from the address of the INIT;
/// send_cookie_echo() is due.
struct CookieRenewed {};

/// The timer T1-init or T1-cookie with its back-off.
struct Retransmission {
  Timestamp deadline{};
  Duration timeout{};
  unsigned transmissions = 0;

  /// The chunk was sent: starts the timer, with `first` or, from the second time on, twice the last time-out,
  /// up to `longest`.
  void on_sent(Timestamp now, Duration first, Duration longest);
};

/// The initiator's half of the handshake: INIT, COOKIE ECHO, their retransmission by T1, and stale cookies
/// (RFC 9260 §5.1 A and C, §5.2.6). Owns both chunks and the timer; exists until the COOKIE ACK. Never ends
/// the association: it returns what the peer's answer requires.
class Initiator {
 public:
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    RandomSource& random;
    control::ControlQueue& control;
    const SecurityConfig* security;  ///< null: plain SCTP
  };
  /// `peer` is the peer's public key, given in a protected endpoint.
  Initiator(const Context& context, const OwnInit& own, std::optional<crypto::PublicKey> peer);

  /// Whether the state is COOKIE-ECHOED; otherwise it is COOKIE-WAIT.
  [[nodiscard]] bool echoed() const { return std::holds_alternative<CookieEchoed>(state_); }
  /// The peer's public key, in a protected endpoint.
  [[nodiscard]] const std::optional<crypto::PublicKey>& expected_peer() const { return expected_peer_; }

  /// Queues the INIT and starts T1-init. Expects COOKIE-WAIT.
  void send_init(Timestamp now, PathId path);
  /// Queues the COOKIE ECHO and starts T1-cookie. Expects COOKIE-ECHOED.
  void send_cookie_echo(Timestamp now, PathId path);

  /// The keys of the handshake, in a protected endpoint, for packets of `context` (HandshakeMac).
  [[nodiscard]] security::HandshakeMac handshake_mac(const crypto::Sha256Digest& context) const;
  /// The hash of the INIT. Expects COOKIE-WAIT, and that the INIT was sent.
  [[nodiscard]] crypto::Sha256Digest init_hash() const;

  /// The INIT ACK is dropped, answered by ABORT, or accepted, or it renews the cookie.
  using InitAckResult = std::variant<DropReason, InitAckRefusal, AcceptedInitAck, CookieRenewed>;
  /// Processes an INIT ACK, which is authentic in a protected endpoint. After acceptance the state is
  /// COOKIE-ECHOED and send_cookie_echo() is due.
  [[nodiscard]] InitAckResult on_init_ack(Timestamp now, const wire::ChunkView& chunk);
  /// How long the INIT ACK took from the first INIT; zero before it.
  [[nodiscard]] Duration init_took() const { return init_took_; }
  /// RFC 9260 §5.2.6: returns to COOKIE-WAIT with the request for a longer cookie lifetime; send_init() is
  /// due. False: the peer sent too many Stale Cookie errors. Expects COOKIE-ECHOED.
  [[nodiscard]] bool on_stale_cookie(Duration staleness);

  /// Which chunk has to be sent again, if any, or that T1 has expired too often.
  enum class Timeout : std::uint8_t { none, init, cookie_echo, failed };
  /// The result of T1 at `now`; changes nothing.
  [[nodiscard]] Timeout on_timeout(Timestamp now) const;
  /// When T1 expires.
  [[nodiscard]] Timestamp next_timeout() const;

 private:
  struct CookieWait {
    Retransmission t1;
    std::vector<std::byte> init;                       ///< the chunk; a retransmission repeats it
    std::optional<std::uint32_t> cookie_preservative;  ///< ms, after a Stale Cookie error
    unsigned stale_cookies = 0;                        ///< Stale Cookie errors so far
  };
  struct CookieEchoed {
    Retransmission t1;
    std::vector<std::byte> cookie;
    unsigned stale_cookies = 0;
  };

  [[nodiscard]] const Retransmission& t1() const;
  [[nodiscard]] const ProtectedPeer& hub() const;
  [[nodiscard]] std::vector<std::byte> make_init_chunk(std::optional<std::uint32_t> cookie_preservative);
  [[nodiscard]] InitAckResult accept_plain(const wire::InitChunk& init,
                                           const wire::InitParameters& parameters, PeerInit&& peer);
  [[nodiscard]] InitAckResult accept_protected(const wire::ChunkView& chunk, const wire::InitChunk& init,
                                               const wire::InitParameters& parameters, PeerInit&& peer);
  [[nodiscard]] InitAckResult renew_cookie(const wire::InitParameters& parameters);
  void enter_cookie_echoed(std::vector<std::byte> cookie);

  Context context_;
  OwnInit own_;
  std::optional<crypto::PublicKey> expected_peer_;
  std::variant<CookieWait, CookieEchoed> state_;
  Timestamp begun_ = Timestamp::min();  ///< when the INIT left for the first time
  Duration init_took_{};                ///< from then to the INIT ACK
};

}  // namespace hawser::sctp::handshake
