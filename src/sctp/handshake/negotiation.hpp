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

/// What we say in our INIT or INIT ACK: the same parameters in both, so that a collision can repeat them (RFC
/// 9260 §5.2.1).
struct OwnInit {
  VerificationTag tag;
  Tsn initial_tsn;
  AuthRandom auth_random{};

  static OwnInit make(RandomSource& random);
};

/// What the peer's INIT or INIT ACK says, reduced to what we use. This is what a State Cookie carries.
struct PeerInit {
  VerificationTag tag;
  Tsn initial_tsn;
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  bool nr_sack = false;
  bool asconf = false;                              ///< announced ASCONF and ASCONF-ACK
  bool zero_checksum = false;                       ///< takes sealed packets without CRC32c (RFC 9653)
  std::optional<crypto::CipherCosts> cipher_costs;  ///< it speaks protected SCTP
  std::vector<IpAddress> addresses;                 ///< as listed, at most kMaxListedAddresses
  /// Contents of RANDOM, CHUNKS and HMAC-ALGO with headers; all empty when the peer offers no usable AUTH.
  auth::KeyVector key_vector;
  std::vector<std::byte> auth_chunks;  ///< value of CHUNKS
  std::vector<std::byte> auth_hmacs;   ///< value of HMAC-ALGO

  /// More are not looked at: each costs a HEARTBEAT to an address that may be anybody's.
  static constexpr std::size_t kMaxListedAddresses = 8;

  static PeerInit from(const wire::InitChunk& chunk, const wire::InitParameters& parameters);
  [[nodiscard]] bool auth() const { return !key_vector.empty(); }
};

/// The parameters of our INIT or INIT ACK; `protection` is null in plain SCTP.
void write_own_parameters(ByteWriter& writer, const EndpointConfig& config, const OwnInit& own,
                          const SecurityConfig* protection);
/// An INIT or INIT ACK of ours, header and fixed fields first, then write_own_parameters; the caller appends
/// the rest.
[[nodiscard]] wire::InitChunk make_init(const EndpointConfig& config, const OwnInit& own, bool ack,
                                        Bytes parameters);
/// AUTH as both sides negotiated it; disabled when either does not offer it.
[[nodiscard]] auth::Auth negotiate_auth(const EndpointConfig& config, const OwnInit& own,
                                        const PeerInit& peer);

}  // namespace hawser::sctp::handshake
