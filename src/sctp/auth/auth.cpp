#include "sctp/auth/auth.hpp"

#include <algorithm>
#include <array>

#include "crypto/hmac.hpp"
#include "sctp/wire/list.hpp"

namespace hawser::sctp::auth {
namespace {

// RFC 4895 §6.1: key vectors compare as big-endian numbers. They start with a parameter type, which is never
// zero, so the longer vector is the larger number.
bool numerically_less(const KeyVector& a, const KeyVector& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::ranges::lexicographical_compare(a, b);
}

std::vector<std::byte> make_association_key(Bytes secret, const KeyVector& own, const KeyVector& peer) {
  const bool own_first = numerically_less(own, peer);
  const KeyVector& first = own_first ? own : peer;
  const KeyVector& second = own_first ? peer : own;
  std::vector<std::byte> key(secret.begin(), secret.end());
  key.insert(key.end(), first.begin(), first.end());
  key.insert(key.end(), second.begin(), second.end());
  return key;
}

std::optional<wire::HmacId> choose_hmac(Bytes peer_hmacs) {
  for (const std::uint16_t id : wire::WireList<std::uint16_t>(peer_hmacs)) {
    if (wire::hmac_size(id) != 0) return static_cast<wire::HmacId>(id);
  }
  return std::nullopt;
}

}  // namespace

KeyVector make_key_vector(Bytes random_whole, Bytes chunks_whole, Bytes hmacs_whole) {
  KeyVector vector(random_whole.begin(), random_whole.end());
  vector.insert(vector.end(), chunks_whole.begin(), chunks_whole.end());
  vector.insert(vector.end(), hmacs_whole.begin(), hmacs_whole.end());
  return vector;
}

Auth::Auth(const EndpointConfig& config, const KeyVector& own, const KeyVector& peer, Bytes peer_chunks,
           Bytes peer_hmacs)
    : hmac_(choose_hmac(peer_hmacs)), key_id_(config.auth_key_id) {
  if (!hmac_) return;
  for (const std::byte type : peer_chunks) {
    const auto t = std::to_integer<std::uint8_t>(type);
    // RFC 4895 §3.2: these types are never authenticated, even when the list contains them.
    const auto chunk = static_cast<wire::ChunkType>(t);
    if (chunk == wire::ChunkType::kInit || chunk == wire::ChunkType::kInitAck ||
        chunk == wire::ChunkType::kShutdownComplete || chunk == wire::ChunkType::kAuth) {
      continue;
    }
    peer_wants_[t / 64] |= std::uint64_t{1} << (t % 64);
  }
  keys_.emplace_back(std::uint16_t{0}, make_association_key({}, own, peer));
  for (const AuthKey& key : config.auth_keys) {
    std::erase_if(keys_, [&key](const auto& known) { return known.first == key.id; });
    keys_.emplace_back(key.id, make_association_key(key.secret, own, peer));
  }
}

Auth::TypeSet Auth::own_wants() {
  TypeSet set{};
  for (const wire::ChunkType type : kOwnChunks) {
    const auto t = static_cast<std::uint8_t>(type);
    set[t / 64] |= std::uint64_t{1} << (t % 64);
  }
  return set;
}

const std::vector<std::byte>* Auth::association_key(std::uint16_t id) const {
  const auto found = std::ranges::find(keys_, id, [](const auto& key) { return key.first; });
  return found == keys_.end() ? nullptr : &found->second;
}

std::size_t Auth::chunk_size() const {
  return enabled() ? wire::AuthChunk::kDigestOffset + wire::hmac_size(static_cast<std::uint16_t>(*hmac_)) : 0;
}

void Auth::write_unsigned(ByteWriter& writer) const {
  static_cast<void>(wire::AuthChunk::write_unsigned(writer, key_id_, *hmac_));
}

std::vector<std::byte> Auth::digest(wire::HmacId hmac, Bytes key, Bytes packet, std::size_t auth_at) const {
  static constexpr std::array<std::byte, 32> kZeros{};
  const std::size_t size = wire::hmac_size(static_cast<std::uint16_t>(hmac));
  const std::size_t digest_at = auth_at + wire::AuthChunk::kDigestOffset;
  const std::array<Bytes, 3> parts = {packet.subspan(auth_at, wire::AuthChunk::kDigestOffset),
                                      Bytes(kZeros).first(size), packet.subspan(digest_at + size)};
  if (hmac == wire::HmacId::kSha1) {
    const auto value = crypto::hmac_sha1(key, parts);
    return {value.begin(), value.end()};
  }
  const auto value = crypto::hmac_sha256(key, parts);
  return {value.begin(), value.end()};
}

void Auth::sign(MutableBytes packet, std::size_t auth_at) const {
  const auto* key = association_key(key_id_);
  if (key == nullptr) return;
  const auto value = digest(*hmac_, *key, packet, auth_at);
  std::ranges::copy(value,
                    packet.begin() + static_cast<std::ptrdiff_t>(auth_at + wire::AuthChunk::kDigestOffset));
}

bool Auth::verify(Bytes packet, std::size_t auth_at, const wire::AuthChunk& chunk) const {
  if (!enabled()) return false;
  const std::size_t size = wire::hmac_size(chunk.hmac_id);
  const auto* key = association_key(chunk.key_id);
  if (size == 0 || key == nullptr || chunk.digest.size() != size) return false;
  return crypto::constant_time_equal(digest(static_cast<wire::HmacId>(chunk.hmac_id), *key, packet, auth_at),
                                     chunk.digest);
}

}  // namespace hawser::sctp::auth
