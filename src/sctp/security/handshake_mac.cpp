#include "sctp/security/handshake_mac.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::security {
namespace {

constexpr std::size_t kChecksumAt = 8;
constexpr std::size_t kChecksumSize = 4;

// The labels are no chunk headers, so that this MAC is never valid for an INIT.
std::string_view label_of(crypto::TlsRole sender) {
  return sender == crypto::TlsRole::client ? "hawser edge handshake" : "hawser hub handshake";
}

crypto::TlsRole other(crypto::TlsRole role) {
  return role == crypto::TlsRole::client ? crypto::TlsRole::server : crypto::TlsRole::client;
}

}  // namespace

HandshakeMac::HandshakeMac(crypto::TlsRole own_role, Bytes access_key, const crypto::Sha256Digest& context)
    : own_role_(own_role), access_key_(crypto::SecretBytes::copy_of(access_key)), context_(context) {}

// The checksum counts as zero: it is computed after the MAC.
crypto::Sha256Digest HandshakeMac::mac_of(crypto::TlsRole sender, Bytes packet) const {
  static constexpr std::array<std::byte, kChecksumSize> kNoChecksum{};
  const std::array<Bytes, 5> parts = {
      std::as_bytes(std::span(label_of(sender))), Bytes(context_), packet.first(kChecksumAt),
      Bytes(kNoChecksum),
      packet.subspan(kChecksumAt + kChecksumSize,
                     packet.size() - kChecksumAt - kChecksumSize - wire::kAccessMacSize)};
  return crypto::hmac_sha256(access_key_.view(), parts);
}

void HandshakeMac::sign(MutableBytes packet) const {
  store_be(packet.last(wire::kHandshakeMacSize).data(), wire::kHandshakeMacHeader);
  const crypto::Sha256Digest mac = mac_of(own_role_, packet);
  std::ranges::copy(Bytes(mac).first(wire::kAccessMacSize), packet.last(wire::kAccessMacSize).begin());
}

std::optional<Bytes> HandshakeMac::verify(Bytes packet) const {
  if (packet.size() < wire::kCommonHeaderSize + wire::kHandshakeMacSize) return std::nullopt;
  const Bytes chunk = packet.last(wire::kHandshakeMacSize);
  if (load_be<std::uint32_t>(chunk.data()) != wire::kHandshakeMacHeader) return std::nullopt;
  const crypto::Sha256Digest mac = mac_of(other(own_role_), packet);
  if (!crypto::constant_time_equal(Bytes(mac).first(wire::kAccessMacSize),
                                   chunk.last(wire::kAccessMacSize))) {
    return std::nullopt;
  }
  return packet.first(packet.size() - wire::kHandshakeMacSize);
}

}  // namespace hawser::sctp::security
