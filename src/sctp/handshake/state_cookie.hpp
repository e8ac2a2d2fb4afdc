#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/hmac.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "sctp/handshake/negotiation.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::handshake {

/// Everything that the responder needs to create the association when the cookie returns; until then it
/// stores nothing (RFC 9260 §5.1.3).
struct StateCookie {
  Timestamp created{};
  Duration lifetime{};
  Route route;                  ///< where the INIT came from
  std::uint16_t peer_port = 0;  ///< SCTP port
  /// Own tag of the association that existed when the INIT arrived, or kNoTag (§5.2.2).
  VerificationTag local_tie_tag;
  VerificationTag peer_tie_tag;  ///< the peer's tag of that association, or kNoTag
  OwnInit own;
  PeerInit peer;
  std::uint16_t access_key = 0;       ///< index of the key that signed the INIT (AccessKeys), if protected
  crypto::Sha256Digest transcript{};  ///< hash of INIT and INIT ACK, in a protected association
};

/// Signs State Cookies and verifies the returned ones. Owns the secret key and renews it; a cookie signed
/// with the previous key is still valid. Never stores anything about a peer.
class CookieJar {
 public:
  /// `random` outlives the jar; a key is renewed after `key_lifetime`.
  CookieJar(RandomSource& random, Duration key_lifetime) : random_(random), key_lifetime_(key_lifetime) {}

  /// Serialises and signs a cookie.
  [[nodiscard]] std::vector<std::byte> seal(const StateCookie& cookie, Timestamp now);

  /// The result of open().
  struct Opened {
    std::optional<StateCookie> cookie;  ///< also set when the cookie is stale
    std::optional<DropReason> refusal;  ///< forged_cookie or stale_cookie
    Duration staleness{};               ///< time since it expired, when it is stale
  };
  /// Verifies the MAC before it parses; parses defensively anyway.
  [[nodiscard]] Opened open(Bytes sealed, Timestamp now) const;

  // --- the steps of open(), for a caller that rejects forgeries more cheaply before it verifies the MAC
  /// Parses a cookie whose MAC was not verified; nothing: no such cookie was ever made.
  [[nodiscard]] static std::optional<StateCookie> read(Bytes sealed);
  /// Whether the MAC is that of one of the keys. Costs at most kMaxMacs HMACs.
  [[nodiscard]] bool authentic(Bytes sealed) const;
  /// The result for an authentic cookie: accepted or stale.
  [[nodiscard]] static Opened judge(StateCookie&& cookie, Timestamp now);
  static constexpr std::int64_t kMaxMacs = 2;  ///< of one cookie: with the present and with the previous key

 private:
  using Key = std::array<std::byte, 32>;
  void renew(Timestamp now);

  RandomSource& random_;
  Duration key_lifetime_;
  Key current_{};
  Key previous_{};
  Timestamp renewed_ = kNever;  ///< kNever: there is no key yet
};

}  // namespace hawser::sctp::handshake
