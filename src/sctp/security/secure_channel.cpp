#include "sctp/security/secure_channel.hpp"

#include <algorithm>

namespace hawser::sctp::security {
namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-hawser-record";
constexpr std::size_t kExporterSize = 32;
// How long records that were sealed with the old keys may still arrive after the first one with the new keys.
constexpr Duration kDrainTime = std::chrono::seconds(30);
// Rekey after this many of the 256 path ids of an epoch.
constexpr unsigned kRekeyPathIds = 192;

}  // namespace

SecureChannel::SecureChannel(const Setup& setup) : setup_(setup), records_(setup.zero_checksum) {}

void SecureChannel::begin() {
  if (setup_.role == crypto::TlsRole::client) start_exchange();
}

void SecureChannel::start_exchange() {
  if (setup_.role == crypto::TlsRole::client) {
    exchange_.emplace(
        Exchange{next_epoch_, crypto::TlsSession::client(setup_.identity, *setup_.expected_peer)});
  } else {
    // A rekey must not change the identity of the peer.
    const auto accept = [this](const crypto::PublicKey& key) {
      return peer_ ? key == *peer_ : find_peer(key) != nullptr;
    };
    exchange_.emplace(Exchange{next_epoch_, crypto::TlsSession::server(setup_.identity, accept)});
  }
  advance_handshake({});
}

const ProtectedPeer* SecureChannel::find_peer(const crypto::PublicKey& key) const {
  const auto& peers = setup_.config.peers;
  const auto at = std::ranges::find(peers, key, &ProtectedPeer::key);
  return at == peers.end() ? nullptr : &*at;
}

// The message is epoch(1) ‖ bytes of TLS. The epoch alone is the server's request for new keys.
std::optional<DropReason> SecureChannel::on_message(Timestamp now, Bytes message, bool more) {
  message_epoch_ = Epoch{std::to_integer<std::uint8_t>(message[0])};
  if (message.size() > 1) return feed(now, message_epoch_, message.subspan(1));
  if (!more) on_request(now, message_epoch_);
  return std::nullopt;
}

std::optional<DropReason> SecureChannel::on_continuation(Timestamp now, Bytes tls) {
  return feed(now, message_epoch_, tls);
}

// The client begins as soon as the limit permits. A request that crossed the exchange is late: ignored.
void SecureChannel::on_request(Timestamp now, Epoch epoch) {
  if (setup_.role != crypto::TlsRole::client || !up() || exchange_ || epoch != next_epoch_) return;
  requested_by_peer_ = true;
  on_progress(now);
}

// Only a ClientHello begins an exchange; bytes for one that is complete are late: ignored. Each exchange
// costs the server a TLS handshake, so a client that begins them too fast gets no answer.
std::optional<DropReason> SecureChannel::feed(Timestamp now, Epoch epoch, Bytes tls) {
  if (!exchange_ && epoch == next_epoch_ && setup_.role == crypto::TlsRole::server) {
    if (up() && !rekeys_.take(now, rekey_limit())) return DropReason::rekey_too_soon;
    start_exchange();
  }
  if (!exchange_ || exchange_->epoch != epoch) return std::nullopt;
  exchange_->tls.feed(tls);
  advance_handshake(now);
  return std::nullopt;
}

// Exchanges follow one after the other, so one more in a burst is enough for a server that gets one of them
// late. Its interval is shorter by a tenth, because no two clocks run equally fast.
TokenBucket::Limit SecureChannel::rekey_limit() const {
  const Duration interval = setup_.config.least_rekey_interval;
  if (setup_.role == crypto::TlsRole::client) return {SecurityConfig::kRekeyBurst, interval};
  return {SecurityConfig::kRekeyBurst + 1, interval - interval / 10};
}

void SecureChannel::advance_handshake(Timestamp now) {
  crypto::TlsSession& tls = exchange_->tls;
  if (const auto output = tls.take_output(); !output.empty()) {
    std::vector<std::byte> message{std::byte{exchange_->epoch.value()}};
    message.insert(message.end(), output.begin(), output.end());
    outgoing_.push_back(std::move(message));
  }
  if (tls.state() == crypto::TlsState::failed) {
    failure_ = crypto::describe(tls.failure());
  } else if (tls.state() == crypto::TlsState::done && !exchange_->installed) {
    install_keys(now);
  }
}

void SecureChannel::install_keys(Timestamp now) {
  const crypto::TlsSession& tls = exchange_->tls;
  const ProtectedPeer* peer = find_peer(tls.peer_key());
  if (peer == nullptr) {
    failure_ = "the peer's public key is not configured";
    return;
  }
  const crypto::SecretBytes exported = tls.export_key(kExporterLabel, setup_.transcript, kExporterSize);
  records_.install(
      exchange_->epoch,
      crypto::derive_record_keys(setup_.cipher, setup_.role, exchange_->epoch.value(), exported.view(),
                                 peer->preshared_key ? &*peer->preshared_key : nullptr));
  exchange_->installed = true;
  peer_ = peer->key;
  last_handshake_ = now;
  ++handshakes_;
  if (setup_.role == crypto::TlsRole::server) switch_keys(now);
}

void SecureChannel::switch_keys(Timestamp now) {
  records_.send_with(exchange_->epoch);
  exchange_.reset();
  ++next_epoch_;
  rekey_requested_ = requested_by_peer_ = false;
  // The peer may not have the new keys yet, and cannot get them during an outage: the old ones stay until it
  // uses the new ones, but not beyond the age at which their association would have ended.
  drop_old_at_ = records_.has_old() ? keys_since_ + SecurityConfig::kHardAge : kNever;
  keys_since_ = now;
}

void SecureChannel::drain_old_keys(Timestamp now) {
  drop_old_at_ = std::min(drop_old_at_, now + kDrainTime);
}

Result<OpenedRecord, DropReason> SecureChannel::open(Timestamp now, MutableBytes datagram) {
  auto record = records_.open(datagram);
  proven_ |= record.has_value();
  if (record && exchange_ && exchange_->installed && record->origin.epoch == exchange_->epoch)
    switch_keys(now);
  if (drop_old_at_ != kNever && record && record->origin.epoch == records_.sending_epoch())
    drain_old_keys(now);
  return record;
}

std::optional<std::vector<std::byte>> SecureChannel::poll_message() {
  if (outgoing_.empty()) return std::nullopt;
  return outgoing_.pop_front();
}

bool SecureChannel::needs_rekey(Timestamp now) const {
  const SecurityConfig& limits = setup_.config;
  const RecordLayer::Usage usage = records_.usage();
  return requested_by_peer_ || now - keys_since_ >= limits.rekey_after ||
         usage.bytes >= limits.rekey_after_bytes || usage.packets >= limits.rekey_after_packets ||
         usage.path_ids >= kRekeyPathIds;
}

void SecureChannel::on_progress(Timestamp now) {
  if (!up()) return;
  if (drop_old_at_ <= now) {
    records_.drop_old();
    drop_old_at_ = kNever;
  }
  const RecordLayer::Usage usage = records_.usage();
  if (now - keys_since_ >= SecurityConfig::kHardAge || usage.bytes >= SecurityConfig::kHardBytes ||
      usage.packets >= SecurityConfig::kHardPackets || usage.forgeries >= SecurityConfig::kHardForgeries) {
    failure_ = "the keys are used up";
    return;
  }
  if (exchange_ || rekey_requested_ || !needs_rekey(now)) return;
  const bool client = setup_.role == crypto::TlsRole::client;
  if (client && !rekeys_.take(now, rekey_limit())) return;
  rekey_requested_ = true;
  if (client) {
    start_exchange();
  } else {
    outgoing_.push_back({std::byte{next_epoch_.value()}});
  }
}

Timestamp SecureChannel::next_timeout() const {
  if (!up()) return kNever;
  const Timestamp hard_end = keys_since_ + SecurityConfig::kHardAge;
  if (exchange_ || rekey_requested_) return std::min(hard_end, drop_old_at_);
  const Timestamp due = requested_by_peer_ ? keys_since_ : keys_since_ + setup_.config.rekey_after;
  const Timestamp renewal = std::max(due, rekeys_.ready_at(rekey_limit()));
  return std::min({renewal, hard_end, drop_old_at_});
}

SecurityStatus SecureChannel::status() const {
  return {*peer_,          setup_.cipher, records_.sending_epoch().value(), keys_since_,
          last_handshake_, handshakes_,   records_.usage().packets};
}

}  // namespace hawser::sctp::security
