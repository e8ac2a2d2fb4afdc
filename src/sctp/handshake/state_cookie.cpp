#include "sctp/handshake/state_cookie.hpp"

#include <algorithm>
#include <utility>

#include "crypto/hmac.hpp"

namespace hawser::sctp::handshake {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kMaxCookieSize = 4096;

void write_blob(ByteWriter& w, Bytes bytes) {
  w.u16(static_cast<std::uint16_t>(bytes.size()));
  w.bytes(bytes);
}

std::vector<std::byte> read_blob(ByteReader& r) {
  const Bytes bytes = r.take(r.u16());
  return {bytes.begin(), bytes.end()};
}

void write_ip(ByteWriter& w, const IpAddress& ip) {
  write_blob(w, ip.bytes());
}

std::optional<IpAddress> read_ip(ByteReader& r) {
  const auto raw = read_blob(r);
  if (raw.size() == 4) return IpAddress::v4(raw);
  if (raw.size() == 16) return IpAddress::v6(raw);
  return std::nullopt;
}

void write_own(ByteWriter& w, const OwnInit& own) {
  w.u32(own.tag.value());
  w.u32(own.initial_tsn.value());
  w.bytes(own.auth_random);
}

OwnInit read_own(ByteReader& r) {
  OwnInit own;
  own.tag = VerificationTag{r.u32()};
  own.initial_tsn = Tsn{r.u32()};
  if (const Bytes random = r.take(own.auth_random.size()); r.ok())
    std::ranges::copy(random, own.auth_random.begin());
  return own;
}

void write_peer(ByteWriter& w, const PeerInit& peer) {
  w.u32(peer.tag.value());
  w.u32(peer.initial_tsn.value());
  w.u32(peer.a_rwnd);
  w.u16(peer.outbound_streams);
  w.u16(peer.inbound_streams);
  w.u8(static_cast<std::uint8_t>((peer.nr_sack ? 1U : 0U) | (peer.asconf ? 2U : 0U) |
                                 (peer.zero_checksum ? 4U : 0U) | (peer.cipher_costs ? 8U : 0U) |
                                 (peer.forward_tsn ? 16U : 0U)));
  if (peer.cipher_costs) {
    w.u32(peer.cipher_costs->aes_128_gcm);
    w.u32(peer.cipher_costs->chacha20_poly1305);
  }
  w.u8(static_cast<std::uint8_t>(peer.addresses.size()));
  for (const IpAddress& address : peer.addresses) write_ip(w, address);
  write_blob(w, peer.key_vector);
  write_blob(w, peer.auth_chunks);
  write_blob(w, peer.auth_hmacs);
}

PeerInit read_peer(ByteReader& r) {
  PeerInit peer;
  peer.tag = VerificationTag{r.u32()};
  peer.initial_tsn = Tsn{r.u32()};
  peer.a_rwnd = r.u32();
  peer.outbound_streams = r.u16();
  peer.inbound_streams = r.u16();
  const unsigned flags = r.u8();
  peer.nr_sack = (flags & 1) != 0;
  peer.asconf = (flags & 2) != 0;
  peer.zero_checksum = (flags & 4) != 0;
  peer.forward_tsn = (flags & 16) != 0;
  if ((flags & 8) != 0) {
    const std::uint32_t aes = r.u32();
    peer.cipher_costs = crypto::CipherCosts{aes, r.u32()};
  }
  for (unsigned left = r.u8(); left != 0 && r.ok(); --left) {
    if (const auto address = read_ip(r)) peer.addresses.push_back(*address);
  }
  peer.key_vector = read_blob(r);
  peer.auth_chunks = read_blob(r);
  peer.auth_hmacs = read_blob(r);
  return peer;
}

void write_cookie(ByteWriter& w, const StateCookie& cookie) {
  w.u8(kVersion);
  w.u64(static_cast<std::uint64_t>(cookie.created.time_since_epoch().count()));
  w.u64(static_cast<std::uint64_t>(cookie.lifetime.count()));
  w.u32(cookie.route.socket.value());
  write_ip(w, cookie.route.local);
  write_ip(w, cookie.route.remote.ip);
  w.u16(cookie.route.remote.port);
  w.u16(cookie.peer_port);
  w.u32(cookie.local_tie_tag.value());
  w.u32(cookie.peer_tie_tag.value());
  write_own(w, cookie.own);
  write_peer(w, cookie.peer);
  w.u16(cookie.access_key);
  w.bytes(cookie.transcript);
}

std::optional<StateCookie> read_cookie(Bytes bytes) {
  ByteReader r(bytes);
  StateCookie cookie;
  if (r.u8() != kVersion) return std::nullopt;
  cookie.created = Timestamp(Duration(static_cast<Duration::rep>(r.u64())));
  cookie.lifetime = Duration(static_cast<Duration::rep>(r.u64()));
  cookie.route.socket = SocketId(r.u32());
  const auto local = read_ip(r);
  const auto remote = read_ip(r);
  cookie.route.remote.port = r.u16();
  cookie.peer_port = r.u16();
  cookie.local_tie_tag = VerificationTag{r.u32()};
  cookie.peer_tie_tag = VerificationTag{r.u32()};
  cookie.own = read_own(r);
  cookie.peer = read_peer(r);
  cookie.access_key = r.u16();
  if (const Bytes transcript = r.take(cookie.transcript.size()); r.ok())
    std::ranges::copy(transcript, cookie.transcript.begin());
  if (!r.ok() || !r.empty() || !local || !remote) return std::nullopt;
  cookie.route.local = *local;
  cookie.route.remote.ip = *remote;
  return cookie;
}

}  // namespace

void CookieJar::renew(Timestamp now) {
  if (renewed_ != kNever && now - renewed_ < key_lifetime_) return;
  // After a pause of two lifetimes the previous key is older than it should be, but every cookie that it
  // signed is stale.
  previous_ = current_;
  random_.fill(current_);
  if (renewed_ == kNever) random_.fill(previous_);
  renewed_ = now;
}

std::vector<std::byte> CookieJar::seal(const StateCookie& cookie, Timestamp now) {
  renew(now);
  std::vector<std::byte> sealed(kMaxCookieSize);
  ByteWriter writer(MutableBytes(sealed).subspan(kMacSize));
  write_cookie(writer, cookie);
  sealed.resize(kMacSize + writer.size());
  const std::array<Bytes, 1> parts = {Bytes(sealed).subspan(kMacSize)};
  std::ranges::copy(crypto::hmac_sha256(current_, parts), sealed.begin());
  return sealed;
}

std::optional<StateCookie> CookieJar::read(Bytes sealed) {
  return sealed.size() > kMacSize ? read_cookie(sealed.subspan(kMacSize)) : std::nullopt;
}

bool CookieJar::authentic(Bytes sealed) const {
  if (renewed_ == kNever || sealed.size() <= kMacSize) return false;
  const std::array<Bytes, 1> parts = {sealed.subspan(kMacSize)};
  const Bytes mac = sealed.first(kMacSize);
  return crypto::constant_time_equal(crypto::hmac_sha256(current_, parts), mac) ||
         crypto::constant_time_equal(crypto::hmac_sha256(previous_, parts), mac);
}

CookieJar::Opened CookieJar::judge(StateCookie&& cookie, Timestamp now) {
  const Timestamp expiry = cookie.created + cookie.lifetime;
  Opened opened{std::move(cookie), std::nullopt, {}};
  if (now > expiry) {
    opened.refusal = DropReason::stale_cookie;
    opened.staleness = now - expiry;
  }
  return opened;
}

CookieJar::Opened CookieJar::open(Bytes sealed, Timestamp now) const {
  auto cookie = authentic(sealed) ? read(sealed) : std::nullopt;
  if (!cookie) return {std::nullopt, DropReason::forged_cookie, {}};
  return judge(std::move(*cookie), now);
}

}  // namespace hawser::sctp::handshake
