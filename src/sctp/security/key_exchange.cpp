#include "sctp/security/key_exchange.hpp"

#include <algorithm>

namespace hawser::sctp::security {
namespace {

/// Long enough for the TLS alert that tells the peer why.
constexpr Duration kLastAlertTime = std::chrono::seconds(1);
/// TLS is complete, so the initiator owns the private key of a peer: its first record is worth waiting for
/// through an outage, because the initiator may already count the association as up.
constexpr Duration kConfirmTime = std::chrono::seconds(60);

}  // namespace

KeyExchange::KeyExchange(const SecureChannel::Setup& setup, Timestamp now)
    : channel_(setup), deadline_(now + setup.config.handshake_timeout) {
  channel_.begin();
}

bool KeyExchange::on_message(Timestamp now, Bytes message) {
  const bool had_keys = channel_.up();
  channel_.on_message(now, message);
  if (had_keys || !channel_.up()) return false;
  deadline_ = now + kConfirmTime;
  return true;
}

// A handshake that failed stays for a moment, so that the peer learns the reason; keys that cannot be renewed
// end the association at once.
KeyExchange::Outcome KeyExchange::conclude(Timestamp now) {
  if (!channel_.failure().empty()) {
    if (confirmed_) return {Outcome::Kind::keys_failed, channel_.failure()};
    deadline_ = std::min(deadline_, now + kLastAlertTime);
    if (deadline_ > now) return {};
    return {Outcome::Kind::handshake_failed, channel_.failure()};
  }
  if (confirmed_) return {};
  if (channel_.proven()) {
    confirmed_ = true;
    return {Outcome::Kind::confirmed, {}};
  }
  if (deadline_ <= now) return {Outcome::Kind::handshake_failed, kTimedOut};
  return {};
}

bool KeyExchange::belongs_to_handshake(const wire::ChunkView& chunk) {
  switch (chunk.chunk_type()) {
    case wire::ChunkType::kInitAck:
    case wire::ChunkType::kCookieEcho:
    case wire::ChunkType::kCookieAck:
    case wire::ChunkType::kData:
    case wire::ChunkType::kSack:
    case wire::ChunkType::kNrSack:
    case wire::ChunkType::kPad: return true;
    default: return false;
  }
}

bool KeyExchange::is_key_management(const wire::DataChunk& data) {
  return data.stream == StreamId{0} && data.ppid == wire::kKeyManagementPpid && !data.unordered;
}

// Nothing is authentic yet, and each TSN is taken once. Chunks are taken in order, so that a forged chunk can
// only spoil the handshake and never take the TSN of a chunk that the peer will send sealed.
bool KeyExchange::fits_handshake(const wire::DataChunk& data, Tsn cumulative, std::size_t held_bytes) {
  constexpr std::int32_t kMaxAhead = 1;
  constexpr std::size_t kMaxHeld = 128U << 10;
  // A duplicate lies below the cumulative TSN: it has to be acknowledged again.
  const auto ahead = static_cast<std::int32_t>(data.tsn.value() - cumulative.value());
  return ahead <= kMaxAhead && held_bytes < kMaxHeld;
}

// Once the keys are agreed on, all that the peer may still send in the clear is the reason why it refuses
// ours. TLS checks whether the message is authentic; the TSN stays free for what comes sealed.
bool KeyExchange::only_for_tls(const wire::DataChunk& data, Tsn cumulative) const {
  return channel_.agreed() && data.tsn == cumulative + 1;
}

}  // namespace hawser::sctp::security
