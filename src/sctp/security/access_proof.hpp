#pragma once

#include <optional>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/random.hpp"
#include "hawser/crypto/secret.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/wire/init.hpp"

// The ACCESS proof of an INIT shows that its sender knows the hub's public key (and the pre-shared key, if
// there is one). It does not depend on a clock, because routers boot with a clock set to 1970. A replayed
// INIT causes one stateless answer and nothing else, because the COOKIE ECHO needs a proof over the cookie,
// and each cookie is new.

namespace hawser::sctp::security {

/// Appends ACCESS, which must be the last parameter, with a random nonce and zeros for the MAC.
void write_access_nonce(ByteWriter& parameters, RandomSource& random);
/// Writes the MAC of the ACCESS parameter at the end of a serialised INIT chunk.
void sign_access(MutableBytes init_chunk, Bytes access_key);

/// The proof that follows the cookie in a COOKIE ECHO: wire::kAccessMacSize bytes.
[[nodiscard]] std::vector<std::byte> prove_cookie(Bytes cookie, Bytes access_key);

/// The keys of a hub for ACCESS proofs: one for each distinct pre-shared key of its peers, and one for peers
/// without any. Owns the keys; never signs and keeps nothing about a peer.
class AccessKeys {
 public:
  /// Derives the keys from the hub's own key and its peers.
  explicit AccessKeys(const SecurityConfig& security);

  /// The number of keys, which is the highest number of MACs that one INIT costs.
  [[nodiscard]] std::size_t count() const { return keys_.size(); }
  /// The index of the key with which the INIT was signed; nothing: no key fits.
  [[nodiscard]] std::optional<std::size_t> verify(Bytes init_chunk,
                                                  const wire::InitParameters& parameters) const;
  /// Whether the sender of the cookie has key `index`, with which its INIT was signed.
  [[nodiscard]] bool verify_cookie(Bytes cookie, Bytes proof, std::size_t index) const;

 private:
  std::vector<crypto::SecretBytes> keys_;
};

}  // namespace hawser::sctp::security
