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
#include "sctp/wire/causes.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::handshake {

/// An INIT ACK that makes an association impossible: answered by ABORT (RFC 9260 §5.1, §3.3.3).
struct InitAckRefusal {
  VerificationTag peer_tag;
  wire::CauseCode cause{};
  std::vector<std::byte> value;
};

/// What an INIT ACK has settled.
struct AcceptedInitAck {
  PeerInit peer;
  /// Of INIT and INIT ACK, in a protected endpoint.
  crypto::Sha256Digest transcript{};
  /// Parameters that this end does not know, to be reported; they view the packet.
  std::vector<wire::ParameterView> unrecognized;
};

/// T1-init and T1-cookie.
struct Retransmission {
  Timestamp deadline{};
  Duration timeout{};
  unsigned transmissions = 0;

  void on_sent(Timestamp now, const EndpointConfig& config);
};

/// The initiator's half of the handshake: INIT, COOKIE ECHO, their retransmission by T1, and stale cookies
/// (RFC 9260 §5.1 A and C, §5.2.6). Owns both chunks and the timer; exists until the COOKIE ACK. Never
/// decides what becomes of the association: it returns what the peer said.
class Initiator {
 public:
  struct Context {
    const EndpointConfig& config;
    RandomSource& random;
    control::ControlQueue& control;
    const SecurityConfig* security;  ///< null: plain SCTP
  };
  /// `peer` is given in a protected endpoint.
  Initiator(const Context& context, const OwnInit& own, std::optional<crypto::PublicKey> peer);

  /// COOKIE-ECHOED; before, it is COOKIE-WAIT.
  [[nodiscard]] bool echoed() const { return std::holds_alternative<CookieEchoed>(state_); }
  [[nodiscard]] const std::optional<crypto::PublicKey>& expected_peer() const { return expected_peer_; }

  void send_init(Timestamp now, PathId path);
  void send_cookie_echo(Timestamp now, PathId path);

  using InitAckResult = std::variant<DropReason, InitAckRefusal, AcceptedInitAck>;
  /// After acceptance, it is COOKIE-ECHOED and send_cookie_echo is due.
  [[nodiscard]] InitAckResult on_init_ack(const wire::ChunkView& chunk);
  /// RFC 9260 §5.2.6: returns to COOKIE-WAIT and asks for a longer lifetime; send_init is due. False: the
  /// peer sent too many Stale Cookie errors.
  [[nodiscard]] bool on_stale_cookie(Duration staleness);

  enum class Timeout : std::uint8_t { none, init, cookie_echo, failed };
  /// What T1 asks for: `init` and `cookie_echo` are to be sent again.
  [[nodiscard]] Timeout on_timeout(Timestamp now) const;
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
  [[nodiscard]] crypto::SecretBytes access_key() const;
  [[nodiscard]] std::vector<std::byte> make_init_chunk(std::optional<std::uint32_t> cookie_preservative);
  [[nodiscard]] InitAckResult accept_plain(const wire::InitChunk& init,
                                           const wire::InitParameters& parameters, PeerInit&& peer);
  [[nodiscard]] InitAckResult accept_protected(const wire::ChunkView& chunk,
                                               const wire::InitParameters& parameters, PeerInit&& peer);
  void enter_cookie_echoed(std::vector<std::byte> cookie);

  Context context_;
  OwnInit own_;
  std::optional<crypto::PublicKey> expected_peer_;
  std::variant<CookieWait, CookieEchoed> state_;
};

}  // namespace hawser::sctp::handshake
