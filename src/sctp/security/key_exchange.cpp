#include "sctp/security/key_exchange.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sctp::security {
namespace {

// Long enough to send the TLS alert with the reason.
constexpr Duration kLastAlertTime = std::chrono::seconds(1);
// TLS is complete, so the initiator owns the private key of a peer. The wait for its first record is long
// enough for an outage, because the initiator may already count the association as up.
constexpr Duration kConfirmTime = std::chrono::seconds(60);

}  // namespace

KeyExchange::KeyExchange(const SecureChannel::Setup& setup, Timestamp now, Duration extra)
    : channel_(setup), deadline_(now + setup.config.handshake_timeout + extra) {
  channel_.begin();
}

bool KeyExchange::on_message(Timestamp now, Bytes piece, bool more, DropCounters& drops) {
  const bool had_keys = channel_.up();
  const bool continues = std::exchange(in_message_, more);
  const auto refusal =
      continues ? channel_.on_continuation(now, piece) : channel_.on_message(now, piece, more);
  if (refusal) drops.add(*refusal);
  if (had_keys || !channel_.up()) return false;
  deadline_ = now + kConfirmTime;
  return true;
}

// A failed handshake stays for 1 s, so that the TLS alert with the reason reaches the peer; keys that cannot
// be renewed end the association immediately.
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

// The handshake MAC proves only the access key, and each TSN is accepted once. Chunks are accepted only in
// order, so that a sender who knows that key can break the handshake but never occupy the TSN of a chunk that
// the peer sends sealed. TLS takes the bytes of each chunk immediately, so that of an honest peer nothing is
// held; a chunk that is held counts rx::Reassembly::kOverhead bytes at least, so there are at most eight.
bool KeyExchange::fits_handshake(const wire::DataChunk& data, Tsn cumulative, std::size_t held_bytes) {
  constexpr std::int32_t kMaxAhead = 1;
  constexpr std::size_t kMaxHeld = 4U << 10;
  // A duplicate lies below the cumulative TSN: it has to be acknowledged again.
  const auto ahead = static_cast<std::int32_t>(data.tsn.value() - cumulative.value());
  return ahead <= kMaxAhead && held_bytes < kMaxHeld;
}

// Once the keys are agreed on, the only message that the peer may still send in the clear is a TLS alert that
// rejects this end. TLS checks whether it is authentic; its TSN stays free for a sealed chunk.
bool KeyExchange::only_for_tls(const wire::DataChunk& data, Tsn cumulative) const {
  return channel_.agreed() && data.tsn == cumulative + 1;
}

}  // namespace hawser::sctp::security
