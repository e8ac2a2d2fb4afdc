#include "sctp/handshake/initiator.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/record_keys.hpp"
#include "sctp/security/access_proof.hpp"
#include "sctp/wire/handshake.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::handshake {
namespace {

constexpr unsigned kMaxCookieLifeRequests = 2;
// The parameters of our INIT are padded (RFC 4820) beyond those of an INIT ACK, so that the answer never
// amplifies.
constexpr std::size_t kInitParameters = 320;

void pad_to(ByteWriter& writer, std::size_t size) {
  static constexpr std::array<std::byte, kInitParameters> kZeros{};
  const std::size_t used = padded4(writer.size()) + wire::kTlvHeaderSize;
  if (used < size)
    wire::write_parameter(writer, wire::ParameterType::kPadding, Bytes(kZeros).first(size - used));
}

std::vector<std::byte> copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

const crypto::PresharedKey* preshared_key_of(const ProtectedPeer& peer) {
  return peer.preshared_key ? &*peer.preshared_key : nullptr;
}

// The transcript covers everything before the cookie, so the cookie must be the last parameter.
bool ends_with_cookie(const wire::ChunkView& chunk, const wire::InitParameters& parameters) {
  const auto& cookie = parameters.cookie;
  return cookie && cookie->whole.data() + cookie->whole.size() == chunk.whole.data() + chunk.whole.size();
}

}  // namespace

Initiator::Initiator(const Context& context, const OwnInit& own, std::optional<crypto::PublicKey> peer)
    : context_(context), own_(own), expected_peer_(peer), state_(CookieWait{}) {}

void Retransmission::on_sent(Timestamp now, Duration first, Duration longest) {
  timeout = transmissions == 0 ? first : std::min(2 * timeout, longest);
  deadline = now + timeout;
  ++transmissions;
}

const Retransmission& Initiator::t1() const {
  const auto* wait = std::get_if<CookieWait>(&state_);
  return wait != nullptr ? wait->t1 : std::get<CookieEchoed>(state_).t1;
}

// --- INIT

void Initiator::send_init(Timestamp now, PathId path) {
  auto& wait = std::get<CookieWait>(state_);
  const EndpointConfig& config = context_.config;
  wait.t1.on_sent(now, config.rto_initial,
                  config.init_rto_max == Duration::zero() ? config.rto_max : config.init_rto_max);
  if (wait.init.empty()) begun_ = now;
  if (wait.init.empty()) wait.init = make_init_chunk(wait.cookie_preservative);
  context_.control.push_bytes(wire::ChunkType::kInit, wait.init, path);
}

std::vector<std::byte> Initiator::make_init_chunk(std::optional<std::uint32_t> cookie_preservative) {
  const bool is_protected = context_.security != nullptr;
  std::vector<std::byte> parameters(1024);
  ByteWriter writer(parameters);
  write_own_parameters(writer, context_.config, own_, context_.security);
  if (cookie_preservative) {
    std::array<std::byte, 4> value{};
    store_be(value.data(), *cookie_preservative);
    wire::write_parameter(writer, wire::ParameterType::kCookiePreservative, value);
  }
  pad_to(writer, kInitParameters - (is_protected ? wire::kAccessParameterSize : 0));
  if (is_protected) security::write_access_nonce(writer, context_.random);
  auto chunk = control::ControlQueue::serialise(make_init(context_.config, own_, false, writer.written()));
  if (is_protected)
    security::sign_access(chunk, security::InitSecrets::derive(hub().key, preshared_key_of(hub())));
  return chunk;
}

const ProtectedPeer& Initiator::hub() const {
  return *std::ranges::find(context_.security->peers, *expected_peer_, &ProtectedPeer::key);
}

security::HandshakeMac Initiator::handshake_mac(const crypto::Sha256Digest& context) const {
  const crypto::SecretBytes key = crypto::derive_access_key(hub().key, preshared_key_of(hub()));
  return {crypto::TlsRole::client, key.view(), context};
}

crypto::Sha256Digest Initiator::init_hash() const {
  const std::array<Bytes, 1> init = {std::get<CookieWait>(state_).init};
  return crypto::sha256(init);
}

// --- INIT ACK

// RFC 9260 §5.1 C. In any other state than COOKIE-WAIT an INIT ACK is dropped (§5.2.3), unless it is
// authentic and renews the cookie of this handshake.
Initiator::InitAckResult Initiator::on_init_ack(Timestamp now, const wire::ChunkView& chunk) {
  if (echoed() && context_.security == nullptr) return DropReason::duplicate_handshake;
  if (!echoed()) init_took_ = now - begun_;
  const auto init = wire::InitChunk::parse(chunk);
  const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
  if (!init || !parameters) return DropReason::malformed_init;
  if (echoed()) return renew_cookie(*parameters);
  PeerInit peer = PeerInit::from(*init, *parameters);
  if (context_.security != nullptr) return accept_protected(chunk, *init, *parameters, std::move(peer));
  return accept_plain(*init, *parameters, std::move(peer));
}

Initiator::InitAckResult Initiator::accept_plain(const wire::InitChunk& init,
                                                 const wire::InitParameters& parameters, PeerInit&& peer) {
  if (!init.has_streams_and_window())
    return InitAckRefusal{peer.tag, wire::CauseCode::kInvalidMandatoryParameter, {}};
  if (!parameters.cookie) {
    std::array<std::byte, 6> missing{};  // their number, and each type
    store_be(missing.data(), std::uint32_t{1});
    store_be(missing.data() + 4, static_cast<std::uint16_t>(wire::ParameterType::kStateCookie));
    return InitAckRefusal{peer.tag, wire::CauseCode::kMissingMandatoryParameter, copy(missing)};
  }
  if (parameters.host_name) {
    return InitAckRefusal{peer.tag, wire::CauseCode::kUnresolvableAddress, copy(parameters.host_name->whole)};
  }
  enter_cookie_echoed(copy(parameters.cookie->value));
  AcceptedInitAck accepted{std::move(peer), {}, {}};
  for (const wire::ParameterView& unknown : parameters.unrecognized) accepted.unrecognized.push_back(unknown);
  return accepted;
}

// The INIT ACK is authentic, but only TLS proves that the hub has its private key. One that does not fit is
// dropped and does not end the association.
Initiator::InitAckResult Initiator::accept_protected(const wire::ChunkView& chunk,
                                                     const wire::InitChunk& init,
                                                     const wire::InitParameters& parameters,
                                                     PeerInit&& peer) {
  if (!ends_with_cookie(chunk, parameters) || !peer.cipher_costs || !init.has_streams_and_window())
    return DropReason::malformed_init;
  const Bytes before_cookie(chunk.value.data(), parameters.cookie->whole.data());
  const std::array<Bytes, 2> transcript = {std::get<CookieWait>(state_).init, before_cookie};
  AcceptedInitAck accepted{std::move(peer), crypto::sha256(transcript), {}};
  enter_cookie_echoed(copy(parameters.cookie->value));
  return accepted;
}

// The cookie of the first INIT ACK was made for another address: the INIT reached the hub through another NAT
// mapping, or an attacker has relayed it. The same cookie again is a copy. The timer starts again, so that
// copies of INIT ACKs cannot use up the retransmissions.
Initiator::InitAckResult Initiator::renew_cookie(const wire::InitParameters& parameters) {
  auto& state = std::get<CookieEchoed>(state_);
  if (!parameters.cookie || std::ranges::equal(parameters.cookie->value, Bytes(state.cookie)))
    return DropReason::duplicate_handshake;
  state.cookie = copy(parameters.cookie->value);
  state.t1 = {};
  context_.control.drop(wire::ChunkType::kCookieEcho);
  return CookieRenewed{};
}

void Initiator::enter_cookie_echoed(std::vector<std::byte> cookie) {
  CookieEchoed echoed;
  echoed.cookie = std::move(cookie);
  echoed.stale_cookies = std::get<CookieWait>(state_).stale_cookies;
  state_ = std::move(echoed);
  context_.control.drop(wire::ChunkType::kInit);
}

// --- COOKIE ECHO

void Initiator::send_cookie_echo(Timestamp now, PathId path) {
  auto& echoed = std::get<CookieEchoed>(state_);
  const Duration first = std::max(context_.config.rto_initial, init_took_ + init_took_ / 2);
  echoed.t1.on_sent(now, first, std::max(context_.config.rto_max, first));
  context_.control.push(wire::ChunkType::kCookieEcho, wire::CookieEchoChunk{echoed.cookie}, path);
}

// Requests a cookie with a longer lifetime: by the staleness of this one plus 2 s.
bool Initiator::on_stale_cookie(Duration staleness) {
  const auto& echoed = std::get<CookieEchoed>(state_);
  if (echoed.stale_cookies >= kMaxCookieLifeRequests) return false;
  const auto more =
      std::chrono::duration_cast<std::chrono::milliseconds>(staleness) + std::chrono::seconds(2);
  CookieWait wait;
  wait.t1.transmissions = echoed.t1.transmissions;
  wait.t1.timeout = context_.config.rto_initial;
  wait.stale_cookies = echoed.stale_cookies + 1;
  wait.cookie_preservative = static_cast<std::uint32_t>(std::min<std::int64_t>(more.count(), 60'000));
  state_ = std::move(wait);
  context_.control.clear();
  return true;
}

// --- T1

Initiator::Timeout Initiator::on_timeout(Timestamp now) const {
  if (t1().deadline > now) return Timeout::none;
  const EndpointConfig& config = context_.config;
  if (t1().transmissions > (echoed() ? config.max_cookie_retrans : config.max_init_retrans))
    return Timeout::failed;
  return echoed() ? Timeout::cookie_echo : Timeout::init;
}

Timestamp Initiator::next_timeout() const {
  return t1().deadline;
}

}  // namespace hawser::sctp::handshake
