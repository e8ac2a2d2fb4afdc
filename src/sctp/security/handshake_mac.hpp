#pragma once

#include <optional>

#include "crypto/hmac.hpp"
#include "crypto/record_keys.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/crypto/secret.hpp"

namespace hawser::sctp::security {

/// Authenticates the unsealed packets of one handshake under the access key (docs/protocol.md): signs those
/// of this end and verifies those of the peer. The MAC covers the whole packet, its direction and the
/// handshake, so that a packet can be neither altered nor reflected nor replayed into another handshake. Owns
/// a copy of the key, which is wiped with it; never decides which packets need a MAC.
class HandshakeMac {
 public:
  /// `context` is what both ends know of the handshake: the hash of the INIT for the INIT ACK, the transcript
  /// for all packets after it.
  HandshakeMac(crypto::TlsRole own_role, Bytes access_key, const crypto::Sha256Digest& context);

  /// Writes the handshake MAC chunk into the last wire::kHandshakeMacSize bytes of `packet`.
  void sign(MutableBytes packet) const;
  /// The packet without its handshake MAC; nothing: the packet is not authentic. Costs one HMAC if the packet
  /// ends with a handshake MAC chunk.
  [[nodiscard]] std::optional<Bytes> verify(Bytes packet) const;

 private:
  [[nodiscard]] crypto::Sha256Digest mac_of(crypto::TlsRole sender, Bytes packet) const;

  crypto::TlsRole own_role_;
  crypto::SecretBytes access_key_;
  crypto::Sha256Digest context_;
};

}  // namespace hawser::sctp::security
