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

/// The RANDOM, CHUNKS and HMAC-ALGO parameters of one side, each with its header and without padding, in that
/// order: the key vector of RFC 4895 §6.1.
using KeyVector = std::vector<std::byte>;

/// Authenticated chunks of one association (RFC 4895): who wants which chunk types authenticated, the
/// association keys, signing and verifying. Owns the keys. An Auth that was not negotiated signs nothing and
/// accepts no AUTH chunk.
class Auth {
 public:
  Auth() = default;
  /// `peer_chunks` and `peer_hmacs` are the values of the peer's CHUNKS and HMAC-ALGO.
  Auth(const EndpointConfig& config, const KeyVector& own, const KeyVector& peer, Bytes peer_chunks,
       Bytes peer_hmacs);

  [[nodiscard]] bool enabled() const { return hmac_.has_value(); }
  /// The peer accepts this chunk type only authenticated.
  [[nodiscard]] bool peer_wants(wire::ChunkType type) const {
    return bit(peer_wants_, static_cast<std::uint8_t>(type));
  }
  /// We accept this chunk type only authenticated.
  [[nodiscard]] bool we_want(std::uint8_t type) const { return enabled() && bit(own_wants(), type); }

  /// Size of an AUTH chunk of ours.
  [[nodiscard]] std::size_t chunk_size() const;
  void write_unsigned(ByteWriter& writer) const;
  /// Puts the digest into the AUTH chunk at `auth_at` of `packet`; it covers all from there to the end (RFC
  /// 4895 §6.2).
  void sign(MutableBytes packet, std::size_t auth_at) const;
  /// Checks the AUTH chunk at `auth_at` of `packet` (RFC 4895 §6.3).
  [[nodiscard]] bool verify(Bytes packet, std::size_t auth_at, const wire::AuthChunk& chunk) const;

  /// Chunk types that we list in CHUNKS.
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

/// Key vector of a side that sends these parameters.
[[nodiscard]] KeyVector make_key_vector(Bytes random_whole, Bytes chunks_whole, Bytes hmacs_whole);

}  // namespace hawser::sctp::auth
