#pragma once

#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/random.hpp"
#include "hawser/crypto/secret.hpp"
#include "hawser/sctp/protection.hpp"
#include "sctp/wire/init.hpp"

// The ACCESS proof of an INIT: its sender knows the hub's public key (and the pre-shared key, if there is
// one). It depends on no clock, since routers boot in 1970; a replayed INIT gains one stateless answer.

namespace hawser::sctp {

/// Makes ACCESS the last parameter, with its MAC still to come.
void write_access_nonce(ByteWriter& parameters, RandomSource& random);
/// Completes the ACCESS at the end of a serialised INIT chunk.
void sign_access(MutableBytes init_chunk, Bytes access_key);

/// What a hub checks ACCESS proofs with: a key for each pre-shared key of its peers, and one for those
/// without.
class AccessKeys {
 public:
  explicit AccessKeys(const Protection& protection);

  /// How many keys an INIT is checked against at most.
  [[nodiscard]] std::size_t count() const { return keys_.size(); }
  [[nodiscard]] bool verify(Bytes init_chunk, const wire::InitParameters& parameters) const;

 private:
  std::vector<crypto::SecretBytes> keys_;
};

}  // namespace hawser::sctp
