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
  const SecurityConfig& security = setup_.config;
  if (setup_.role == crypto::TlsRole::client) {
    exchange_.emplace(
        Exchange{next_epoch_, crypto::TlsSession::client(security.private_key, *setup_.expected_peer)});
  } else {
    // A rekey must not change the identity of the peer.
    const auto accept = [this](const crypto::PublicKey& key) {
      return peer_ ? key == *peer_ : find_peer(key) != nullptr;
    };
    exchange_.emplace(Exchange{next_epoch_, crypto::TlsSession::server(security.private_key, accept)});
  }
  advance_handshake({});
}

const ProtectedPeer* SecureChannel::find_peer(const crypto::PublicKey& key) const {
  const auto& peers = setup_.config.peers;
  const auto at = std::ranges::find(peers, key, &ProtectedPeer::key);
  return at == peers.end() ? nullptr : &*at;
}

// The message is epoch(1) ‖ bytes of TLS. The epoch alone is the server's request for new keys.
void SecureChannel::on_message(Timestamp now, Bytes message) {
  const Epoch epoch{std::to_integer<std::uint8_t>(message[0])};
  const Bytes tls = message.subspan(1);
  const bool client = setup_.role == crypto::TlsRole::client;
  const bool begins = !exchange_ && epoch == next_epoch_ && client == tls.empty() && (up() || !client);
  if (begins) start_exchange();
  // A message for an exchange that is complete is late, such as a request that crossed it: ignored.
  if (tls.empty() || !exchange_ || exchange_->epoch != epoch) return;
  exchange_->tls.feed(tls);
  advance_handshake(now);
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
  rekey_requested_ = false;
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
  if (record && exchange_ && exchange_->installed && record->epoch == exchange_->epoch) switch_keys(now);
  if (drop_old_at_ != kNever && record && record->epoch == records_.sending_epoch()) drain_old_keys(now);
  return record;
}

std::optional<std::vector<std::byte>> SecureChannel::poll_message() {
  if (outgoing_.empty()) return std::nullopt;
  return outgoing_.pop_front();
}

bool SecureChannel::needs_rekey(Timestamp now) const {
  const SecurityConfig& limits = setup_.config;
  const RecordLayer::Usage usage = records_.usage();
  return now - keys_since_ >= limits.rekey_after || usage.bytes >= limits.rekey_after_bytes ||
         usage.packets >= limits.rekey_after_packets || usage.path_ids >= kRekeyPathIds;
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
  rekey_requested_ = true;
  if (setup_.role == crypto::TlsRole::client) {
    start_exchange();
  } else {
    outgoing_.push_back({std::byte{next_epoch_.value()}});
  }
}

Timestamp SecureChannel::next_timeout() const {
  if (!up()) return kNever;
  const bool waiting = exchange_ || rekey_requested_;
  const Timestamp renewal =
      keys_since_ + (waiting ? SecurityConfig::kHardAge : Duration(setup_.config.rekey_after));
  return std::min(renewal, drop_old_at_);
}

SecurityStatus SecureChannel::status() const {
  return {*peer_,          setup_.cipher, records_.sending_epoch().value(), keys_since_,
          last_handshake_, handshakes_,   records_.usage().packets};
}

}  // namespace hawser::sctp::security
