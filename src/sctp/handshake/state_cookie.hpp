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

/// Everything needed to create the association when the cookie comes back: nothing is kept meanwhile (RFC
/// 9260 §5.1.3).
struct StateCookie {
  Timestamp created{};
  Duration lifetime{};
  Route route;                    ///< where the INIT came from
  std::uint16_t peer_port = 0;    ///< SCTP port
  VerificationTag local_tie_tag;  ///< of the association that existed when the INIT came; kNoTag: none
                                  ///< existed (§5.2.2)
  VerificationTag peer_tie_tag;
  OwnInit own;
  PeerInit peer;
  std::uint16_t access_key = 0;       ///< which one the INIT was signed with, likewise
  crypto::Sha256Digest transcript{};  ///< of INIT and INIT ACK, in a protected association
};

/// Signs State Cookies and takes them back. Owns the secret and renews it; a cookie of the secret before the
/// present one is still good. Never keeps anything about a peer.
class CookieJar {
 public:
  CookieJar(RandomSource& random, Duration key_lifetime) : random_(random), key_lifetime_(key_lifetime) {}

  [[nodiscard]] std::vector<std::byte> seal(const StateCookie& cookie, Timestamp now);

  struct Opened {
    std::optional<StateCookie> cookie;  ///< also set when the cookie is stale
    std::optional<DropReason> refusal;  ///< forged_cookie or stale_cookie
    Duration staleness{};
  };
  /// MAC first, then a defensive parse all the same.
  [[nodiscard]] Opened open(Bytes sealed, Timestamp now) const;

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
