#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "sctp/wire/auth.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::auth {

/// The key vector of one end (RFC 4895 §6.1): its RANDOM, CHUNKS and HMAC-ALGO parameters in this order, each
/// with its header and without padding.
using KeyVector = std::vector<std::byte>;

/// Authenticated chunks of one association (RFC 4895): which chunk types each end requires to be
/// authenticated, and signing and verifying them. Owns the association keys. Without negotiation it signs
/// nothing and accepts no AUTH chunk; never sends.
class Auth {
 public:
  /// AUTH was not negotiated.
  Auth() = default;
  /// `peer_chunks` and `peer_hmacs` are the values of the peer's CHUNKS and HMAC-ALGO parameters.
  Auth(const EndpointConfig& config, const KeyVector& own, const KeyVector& peer, Bytes peer_chunks,
       Bytes peer_hmacs);

  /// Whether both ends have negotiated AUTH with a common HMAC.
  [[nodiscard]] bool enabled() const { return hmac_.has_value(); }
  /// Whether the peer accepts this chunk type only if it is authenticated.
  [[nodiscard]] bool peer_wants(wire::ChunkType type) const {
    return bit(peer_wants_, static_cast<std::uint8_t>(type));
  }
  /// Whether this end accepts this chunk type only if it is authenticated.
  [[nodiscard]] bool we_want(std::uint8_t type) const { return enabled() && bit(own_wants(), type); }

  /// Size of an AUTH chunk of this end in bytes; 0 when AUTH is not enabled.
  [[nodiscard]] std::size_t chunk_size() const;
  /// Appends an AUTH chunk with zeros for the digest. Expects enabled().
  void write_unsigned(ByteWriter& writer) const;
  /// Writes the digest into the AUTH chunk at `auth_at` of `packet`; it covers the packet from there to its
  /// end (RFC 4895 §6.2).
  void sign(MutableBytes packet, std::size_t auth_at) const;
  /// Checks the AUTH chunk at `auth_at` of `packet` (RFC 4895 §6.3).
  [[nodiscard]] bool verify(Bytes packet, std::size_t auth_at, const wire::AuthChunk& chunk) const;

  /// The chunk types that this end lists in CHUNKS.
  static constexpr wire::ChunkType kOwnChunks[] = {wire::ChunkType::kAsconf, wire::ChunkType::kAsconfAck};

 private:
  using TypeSet = std::array<std::uint64_t, 4>;
  static constexpr bool bit(const TypeSet& set, std::uint8_t type) {
    return ((set[type / 64] >> (type % 64)) & 1) != 0;
  }
  static TypeSet own_wants();
  [[nodiscard]] const std::vector<std::byte>* association_key(std::uint16_t id) const;
  [[nodiscard]] std::vector<std::byte> digest(wire::HmacId hmac, Bytes key, Bytes packet,
                                              std::size_t auth_at) const;

  std::optional<wire::HmacId> hmac_;
  std::uint16_t key_id_ = 0;
  std::vector<std::pair<std::uint16_t, std::vector<std::byte>>> keys_;
  TypeSet peer_wants_{};
};

/// The key vector of an end that sends these parameters; each comes with its header.
[[nodiscard]] KeyVector make_key_vector(Bytes random_whole, Bytes chunks_whole, Bytes hmacs_whole);

}  // namespace hawser::sctp::auth
