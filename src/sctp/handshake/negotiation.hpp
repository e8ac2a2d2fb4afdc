#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/base/random.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/auth/auth.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::handshake {

/// The nonce of AUTH (RFC 4895 §3.1): 32 bytes.
using AuthRandom = std::array<std::byte, 32>;

/// What this end sends in its INIT or INIT ACK: the same values in both, so that a collision can repeat them
/// (RFC 9260 §5.2.1).
struct OwnInit {
  VerificationTag tag;
  Tsn initial_tsn;
  AuthRandom auth_random{};

  /// New random values; the tag is not 0.
  static OwnInit make(RandomSource& random);
};

/// The content of the peer's INIT or INIT ACK, reduced to what this end uses. A State Cookie carries it.
struct PeerInit {
  VerificationTag tag;
  Tsn initial_tsn;
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  bool nr_sack = false;
  bool asconf = false;                              ///< supports ASCONF and ASCONF-ACK
  bool forward_tsn = false;                         ///< supports FORWARD TSN (RFC 3758)
  bool zero_checksum = false;                       ///< accepts records without CRC32c (RFC 9653)
  std::optional<crypto::CipherCosts> cipher_costs;  ///< present: the peer supports protected mode
  std::vector<IpAddress> addresses;                 ///< as listed, at most kMaxListedAddresses
  /// RANDOM, CHUNKS and HMAC-ALGO with their headers. This and the next two members are empty when the peer
  /// offers no usable AUTH.
  auth::KeyVector key_vector;
  std::vector<std::byte> auth_chunks;  ///< value of CHUNKS
  std::vector<std::byte> auth_hmacs;   ///< value of HMAC-ALGO

  /// Further addresses are ignored: each costs a HEARTBEAT to an address that may belong to a third party.
  static constexpr std::size_t kMaxListedAddresses = 8;

  /// Copies what this end uses of a parsed INIT or INIT ACK.
  static PeerInit from(const wire::InitChunk& chunk, const wire::InitParameters& parameters);
  /// Whether the peer offers usable AUTH.
  [[nodiscard]] bool auth() const { return !key_vector.empty(); }
};

/// Appends the parameters of our INIT or INIT ACK; `security` is null in plain SCTP.
void write_own_parameters(ByteWriter& writer, const EndpointConfig& config, const OwnInit& own,
                          const SecurityConfig* security);
/// Our INIT, or INIT ACK if `ack`: the fixed fields from `config` and `own`, and serialised `parameters`,
/// which the caller has written and which must outlive the result.
[[nodiscard]] wire::InitChunk make_init(const EndpointConfig& config, const OwnInit& own, bool ack,
                                        Bytes parameters);
/// AUTH as both ends negotiated it; disabled when either end does not offer it.
[[nodiscard]] auth::Auth negotiate_auth(const EndpointConfig& config, const OwnInit& own,
                                        const PeerInit& peer);

}  // namespace hawser::sctp::handshake
