#pragma once

#include <optional>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/random.hpp"
#include "hawser/crypto/secret.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/wire/init.hpp"

// The ACCESS proof of an INIT: its sender knows the hub's public key (and the pre-shared key, if there is
// one). It depends on no clock, since routers boot in 1970. A replayed INIT gains one stateless answer and no
// more, as the COOKIE ECHO needs a proof over the cookie, which is new each time.

namespace hawser::sctp::security {

/// Makes ACCESS the last parameter, with its MAC still to come.
void write_access_nonce(ByteWriter& parameters, RandomSource& random);
/// Completes the ACCESS at the end of a serialised INIT chunk.
void sign_access(MutableBytes init_chunk, Bytes access_key);

/// The proof that goes behind the cookie in a COOKIE ECHO: wire::kAccessMacSize bytes.
[[nodiscard]] std::vector<std::byte> prove_cookie(Bytes cookie, Bytes access_key);

/// What a hub checks ACCESS proofs with: a key for each pre-shared key of its peers, and one for those
/// without.
class AccessKeys {
 public:
  explicit AccessKeys(const SecurityConfig& protection);

  /// How many keys an INIT is checked against at most.
  [[nodiscard]] std::size_t count() const { return keys_.size(); }
  /// Which of the keys the INIT was signed with; nothing: none.
  [[nodiscard]] std::optional<std::size_t> verify(Bytes init_chunk,
                                                  const wire::InitParameters& parameters) const;
  /// Whether the cookie comes from the one who signed its INIT with key `index`.
  [[nodiscard]] bool verify_cookie(Bytes cookie, Bytes proof, std::size_t index) const;

 private:
  std::vector<crypto::SecretBytes> keys_;
};

}  // namespace hawser::sctp::security
