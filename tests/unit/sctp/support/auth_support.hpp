#pragma once

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "sctp/auth/auth.hpp"
#include "sctp/wire/parameter.hpp"

namespace hawser::sctp::test {

using ByteVector = std::vector<std::byte>;

/// A parameter with its header, without padding, as it enters a key vector.
inline ByteVector whole_parameter(wire::ParameterType type, Bytes value) {
  ByteVector raw(4 + value.size());
  store_be(raw.data(), static_cast<std::uint16_t>(type));
  store_be(raw.data() + 2, static_cast<std::uint16_t>(raw.size()));
  std::ranges::copy(value, raw.begin() + 4);
  return raw;
}

inline ByteVector chunk_list(std::initializer_list<wire::ChunkType> types) {
  ByteVector list;
  for (const wire::ChunkType type : types) list.push_back(static_cast<std::byte>(type));
  return list;
}

inline ByteVector hmac_list(std::initializer_list<std::uint16_t> ids) {
  ByteVector list(2 * ids.size());
  ByteWriter writer(list);
  for (const std::uint16_t id : ids) writer.u16(id);
  return list;
}

/// The AUTH parameters of one end.
struct AuthSide {
  std::byte random{};
  ByteVector chunks = chunk_list({wire::ChunkType::kAsconf, wire::ChunkType::kAsconfAck});
  ByteVector hmacs = hmac_list({3, 1});
  EndpointConfig config{};

  [[nodiscard]] auth::KeyVector key_vector() const {
    return auth::make_key_vector(whole_parameter(wire::ParameterType::kRandom, ByteVector(32, random)),
                                 whole_parameter(wire::ParameterType::kChunkList, chunks),
                                 whole_parameter(wire::ParameterType::kRequestedHmacAlgorithm, hmacs));
  }
  [[nodiscard]] auth::Auth towards(const AuthSide& peer) const {
    return auth::Auth(config, key_vector(), peer.key_vector(), peer.chunks, peer.hmacs);
  }
};

}  // namespace hawser::sctp::test
