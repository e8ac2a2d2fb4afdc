#include <algorithm>

#include "sctp/association/association.hpp"
#include "sctp/tx/packet_protection.hpp"

// What a protected association does beside what every association does: key agreement on stream 0, sealed
// packets (docs/protocol.md).

namespace hawser::sctp::association {
namespace {

/// Long enough for the alert that tells the peer why.
constexpr Duration kLastAlertTime = std::chrono::seconds(1);
/// TLS is complete, so the caller has the private key of a peer: it is worth waiting for its first record
/// through an outage, as it may already count the association as up.
constexpr Duration kConfirmTime = std::chrono::seconds(60);

}  // namespace

// --- keys
// ------------------------------------------------------------------------------------------------------------

void Association::open_channel(crypto::TlsRole role, const handshake::PeerInit& peer,
                               const crypto::Sha256Digest& transcript, Timestamp now) {
  const SecurityConfig& protection = *core_.endpoint.protection;
  channel_ = std::make_unique<security::SecureChannel>(security::SecureChannel::Setup{
      protection, role, expected_peer_, transcript,
      crypto::choose_cipher(protection.cipher_costs, *peer.cipher_costs), peer.zero_checksum});
  handshake_deadline_ = now + protection.handshake_timeout;
  channel_->begin();
}

void Association::advance_channel(Timestamp now) {
  read_own_messages(now);
  channel_->on_progress(now);
  send_key_messages();
  if (!channel_->failure().empty()) return give_up_channel(now);
  if (!half_open()) return;
  if (channel_->proven()) return go_public();
  if (handshake_deadline_ <= now) give_up_handshake();
}

void Association::give_up_handshake() {
  core_.drop(DropReason::handshake_failed);
  close(Event::Kind::lost, 0, "the handshake did not come to an end");
}

void Association::read_own_messages(Timestamp now) {
  const bool had_no_keys = opening();
  while (const auto message = receiver_->poll_diverted()) {
    if (message->ppid == Ppid{wire::kKeyManagementPpid}) {
      channel_->on_message(now, message->payload.bytes());
    } else {
      handle_path_preferences(message->payload.bytes());
    }
  }
  if (!had_no_keys || opening()) return;
  // Its answer shows that the peer has the same keys.
  path::PathValidation::probe(*core_.paths.primary());
  handshake_deadline_ = now + kConfirmTime;
}

void Association::send_key_messages() {
  SendOptions options;
  options.ppid = Ppid{wire::kKeyManagementPpid};
  options.immediate_sack = true;
  while (const auto message = channel_->poll_message()) {
    sender_.enqueue_urgent(core_.endpoint.pool.copy(*message), options);
  }
}

// A handshake that failed stays a moment, so that the peer may learn the reason; keys that cannot be renewed
// end the association at once.
void Association::give_up_channel(Timestamp now) {
  if (!half_open()) {
    send_abort(wire::CauseCode::kUserInitiatedAbort, {});
    return close(Event::Kind::lost, 0, channel_->failure());
  }
  handshake_deadline_ = std::min(handshake_deadline_, now + kLastAlertTime);
  if (handshake_deadline_ > now) return;
  core_.drop(DropReason::handshake_failed);
  close(Event::Kind::lost, 0, channel_->failure());
}

std::optional<crypto::PublicKey> Association::peer_key() const {
  if (channel_ == nullptr || half_open()) return std::nullopt;
  return channel_->peer();
}

// --- in
// ------------------------------------------------------------------------------------------------------------

Result<security::OpenedRecord, DropReason> Association::open_record(Timestamp now, MutableBytes datagram) {
  if (channel_ == nullptr) return DropReason::unknown_epoch;
  return channel_->open(now, datagram);
}

// What it takes to agree on keys; handle_packet() sees to it that even this ends once there are keys.
bool Association::may_come_unsealed(const wire::ChunkView& chunk) const {
  if (channel_ != nullptr && channel_->up()) return false;  // since an earlier chunk of this packet
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

bool Association::is_key_management(const wire::DataChunk& data) const {
  return data.stream == 0 && data.ppid == wire::kKeyManagementPpid && !data.unordered;
}

// Nothing here is authentic yet, and each TSN is taken once. So that a forged chunk can only spoil the
// handshake, and not take the place of what the peer will send sealed, chunks are taken in order. A caller
// that has not proven anything gets little memory, besides.
bool Association::fits_handshake(const wire::DataChunk& data) const {
  constexpr std::int32_t kMaxAhead = 1;
  constexpr std::size_t kMaxHeld = 128U << 10;
  // What came already is below: its duplicate has to be acknowledged again.
  const auto ahead = static_cast<std::int32_t>(data.tsn - receiver_->cumulative_tsn());
  return ahead <= kMaxAhead && receiver_->held_bytes() < kMaxHeld;
}

// Once the keys are agreed on, all that the peer may still have to say without them is why it refuses ours:
// TLS hears it, and knows whether it is true; the TSN stays free for what will come sealed.
bool Association::only_for_tls(const wire::DataChunk& data) const {
  return channel_->agreed() && data.tsn == receiver_->cumulative_tsn() + 1;
}

// --- out
// -----------------------------------------------------------------------------------------------------------

tx::PacketBuilder Association::begin_packet(MutableBytes room) const {
  const bool sealed = channel_ != nullptr && channel_->up();
  return {room, core_.header(), &core_.auth,
          sealed ? tx::PacketBuilder::Layout::sealed : tx::PacketBuilder::Layout::plain};
}

path::RecordNumbers& Association::record_numbers(const Route& route) {
  path::Path* path = core_.paths.find(route);
  return path == nullptr ? pathless_record_ : path->record;
}

// False: there are no numbers left on this path until the keys are renewed, and the batch is lost.
bool Association::seal_batch(TransmitBatch& batch) {
  if (channel_ == nullptr || !channel_->up()) {
    tx::seal(batch);
    return true;
  }
  path::RecordNumbers& numbers = record_numbers(batch.route);
  MutableBytes rest = batch.bytes();
  for (const std::size_t size : batch.sizes()) {
    if (!channel_->seal(rest.first(size), numbers)) return false;
    rest = rest.subspan(size);
  }
  return true;
}

// The ClientHello goes with the COOKIE ECHO (RFC 9260 §5.1 C) and saves a round trip.
void Association::add_early_data(tx::PacketBuilder& packet, Timestamp now) {
  path::Path& path = *core_.paths.primary();
  if (sender_.fill(packet, path, path.flight.next_packet, now) == 0) return;
  ++path.flight.next_packet;
  path.flight.last_sent = now;
}

}  // namespace hawser::sctp::association
