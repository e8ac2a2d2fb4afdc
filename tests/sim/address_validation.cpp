#include "sim/address_validation.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace hawser::sim {
namespace {

std::uint64_t hash_of(Bytes bytes) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// The State Cookie of an INIT ACK (RFC 9260 §3.3.3.1).
Bytes cookie_in(const ChunkView& init_ack) {
  constexpr std::uint16_t kStateCookie = 7;
  ByteReader reader(init_ack.value);
  reader.take(16);
  while (reader.ok() && reader.remaining() >= 4) {
    const std::uint16_t type = reader.u16();
    const std::size_t length = reader.u16();
    if (length < 4) break;
    const Bytes value = reader.take(length - 4);
    if (type == kStateCookie) return value;
    reader.take(std::min(padded4(length) - length, reader.remaining()));
  }
  return {};
}

}  // namespace

void AddressValidation::on_sent(const Location& to, const PacketView& view, Bytes payload) {
  Validation& validation = validations_[to];
  if (const ChunkView* init_ack = view.find(ChunkType::init_ack))
    validation.cookies.insert(hash_of(cookie_in(*init_ack)));
  if (!validation.validated) validation.probes.insert(content_hash(payload));
}

void AddressValidation::on_peer_received(Bytes payload) {
  if (!undecided()) return;
  const std::uint64_t hash = content_hash(payload);
  for (auto& [location, validation] : validations_) {
    if (!validation.validated && validation.probes.contains(hash)) validation.probed = true;
  }
}

void AddressValidation::on_peer_sent(Bytes payload) {
  if (is_sealed(payload)) joined_.insert(load_be<std::uint32_t>(payload.data() + 4));
  if (!undecided()) return;
  const std::uint64_t hash = content_hash(payload);
  for (auto& [location, validation] : validations_) {
    if (!validation.validated && validation.probed) validation.replies.insert(hash);
  }
}

void AddressValidation::on_received(Timestamp now, SocketId socket, const UdpAddress& from,
                                    const PacketView& view, Bytes payload) {
  const std::uint64_t hash = undecided() ? content_hash(payload) : 0;
  const ChunkView* echo = view.find(ChunkType::cookie_echo);
  for (auto at = validations_.lower_bound({socket, from, 0}); at != validations_.end(); ++at) {
    auto& [location, validation] = *at;
    if (location.socket != socket || location.remote != from) break;
    if (echo != nullptr && validation.cookies.contains(hash_of(echo->value))) {
      validation.cookie_returned = now;
      validation.made.insert(view.tag);
    }
    if (validation.validated || !validation.replies.contains(hash)) continue;
    validation.validated = true;
    ++validated_;
    validation.probes.clear();
    validation.replies.clear();
  }
}

bool AddressValidation::validated(const Validation& validation) const {
  return validation.validated || std::any_of(validation.made.begin(), validation.made.end(),
                                             [this](std::uint32_t tag) { return joined_.contains(tag); });
}

bool AddressValidation::validated(const Location& location) const {
  const auto at = validations_.find(location);
  return at != validations_.end() && validated(at->second);
}

bool AddressValidation::validated(SocketId socket, const UdpAddress& remote) const {
  for (auto at = validations_.lower_bound({socket, remote, 0}); at != validations_.end(); ++at) {
    if (at->first.socket != socket || at->first.remote != remote) return false;
    if (validated(at->second)) return true;
  }
  return false;
}

Timestamp AddressValidation::cookie_returned(const Location& location) const {
  const auto at = validations_.find(location);
  return at == validations_.end() ? kNever : at->second.cookie_returned;
}

bool AddressValidation::made_several(const Location& location) const {
  const auto at = validations_.find(location);
  return at != validations_.end() && at->second.made.size() > 1;
}

}  // namespace hawser::sim
