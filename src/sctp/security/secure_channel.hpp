#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ring_queue.hpp"
#include "base/token_bucket.hpp"
#include "crypto/hmac.hpp"
#include "crypto/tls_session.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/security/record_layer.hpp"

namespace hawser::sctp::security {

/// The security of one protected association: the TLS handshakes that agree on keys, over messages that the
/// association carries on stream 0, and the records sealed with these keys.
///
/// The TLS server seals with new keys as soon as it has them: the client has had them for half a round trip.
/// The client does so when it has opened the first record under the new keys, because that record shows that
/// the server has accepted it. So no packet is sealed with keys that the peer may not have, and a rekey loses
/// no packet. The old keys open records until 30 s after the first record under the new ones, so that an
/// outage in the middle of a rekey does no harm.
///
/// Owns keys and TLS state. Never sends, never reads a clock, never parses chunks.
class SecureChannel {
 public:
  /// What INIT and INIT ACK have decided; `config` and `identity` outlive the channel.
  struct Setup {
    const SecurityConfig& config;
    const crypto::TlsIdentity& identity;
    crypto::TlsRole role;
    std::optional<crypto::PublicKey> expected_peer;  ///< the server's key; only a client needs it
    crypto::Sha256Digest transcript;                 ///< hash of INIT and INIT ACK
    crypto::Cipher cipher;
    bool zero_checksum = false;  ///< records leave without CRC32c (RFC 9653)
  };
  /// Sends nothing before begin().
  explicit SecureChannel(const Setup& setup);

  /// Starts the first handshake, on the client only.
  void begin();
  /// Processes the beginning of a key management message of the peer, at least its first byte. `more`: the
  /// rest follows by on_continuation(). Returns why it was dropped, if it was dropped by a limit.
  std::optional<DropReason> on_message(Timestamp now, Bytes message, bool more = false);
  /// Processes further bytes of the message that on_message() has begun. TLS takes them immediately: no part
  /// of a message waits for the rest.
  std::optional<DropReason> on_continuation(Timestamp now, Bytes tls);
  /// The next key management message to send, or nothing.
  std::optional<std::vector<std::byte>> poll_message();
  /// Starts a rekey when the keys have reached a limit, and wipes old keys. Cheap: to be called after any
  /// input and timeout.
  void on_progress(Timestamp now);
  /// When on_progress() has to be called next; kNever: not by time.
  [[nodiscard]] Timestamp next_timeout() const;

  /// Key of the record that the next packet with `numbers` will be (RecordLayer::next_record).
  [[nodiscard]] std::uint64_t next_record(const path::RecordNumbers& numbers) const {
    return records_.next_record(numbers);
  }
  /// Seals `packet` in place (RecordLayer::seal). Expects up(). False: `numbers` are used up.
  [[nodiscard]] bool seal(MutableBytes packet, path::RecordNumbers& numbers) {
    return records_.seal(packet, numbers);
  }
  /// Opens `datagram` in place (RecordLayer::open), or returns why it is dropped.
  [[nodiscard]] Result<OpenedRecord, DropReason> open(Timestamp now, MutableBytes datagram);

  /// The peer's path with this record path id; null: no record of it was opened.
  [[nodiscard]] const PeerPath* peer_path(Epoch epoch, RecordPathId path_id) {
    return records_.peer_path(epoch, path_id);
  }

  /// Whether there are keys to send with: this end seals its packets.
  [[nodiscard]] bool up() const { return records_.can_send(); }
  /// Whether the first keys are agreed on, even if not used yet: TLS is complete at this end.
  [[nodiscard]] bool agreed() const { return up() || (exchange_ && exchange_->installed); }
  /// Whether a record of the peer was opened: it has the same keys, and so the same pre-shared key.
  [[nodiscard]] bool proven() const { return proven_; }
  /// Why the association cannot continue, static text; empty while it can.
  [[nodiscard]] std::string_view failure() const { return failure_; }
  /// The peer's public key. Expects up().
  [[nodiscard]] const crypto::PublicKey& peer() const { return *peer_; }
  /// The public key that the peer has proven or, towards a server, has to prove; nothing: any of our peers.
  [[nodiscard]] const std::optional<crypto::PublicKey>& intended_peer() const {
    return peer_ ? peer_ : setup_.expected_peer;
  }
  /// The state of the keys, for display. Expects up().
  [[nodiscard]] SecurityStatus status() const;

 private:
  /// A TLS handshake in progress, and the epoch that its keys get.
  struct Exchange {
    Epoch epoch;
    crypto::TlsSession tls;
    bool installed = false;  ///< its keys open records
  };
  [[nodiscard]] TokenBucket::Limit rekey_limit() const;
  void on_request(Timestamp now, Epoch epoch);
  std::optional<DropReason> feed(Timestamp now, Epoch epoch, Bytes tls);
  void start_exchange();
  void advance_handshake(Timestamp now);
  void install_keys(Timestamp now);
  void switch_keys(Timestamp now);
  void drain_old_keys(Timestamp now);
  [[nodiscard]] const ProtectedPeer* find_peer(const crypto::PublicKey& key) const;
  [[nodiscard]] bool needs_rekey(Timestamp now) const;

  Setup setup_;
  RecordLayer records_;
  std::optional<Exchange> exchange_;
  std::optional<crypto::PublicKey> peer_;
  RingQueue<std::vector<std::byte>> outgoing_;
  std::string_view failure_;
  Epoch next_epoch_;
  bool proven_ = false;
  bool rekey_requested_ = false;    ///< this end has requested or begun it
  bool requested_by_peer_ = false;  ///< the server has requested it
  TokenBucket rekeys_;              ///< limits the handshakes after the first
  Epoch message_epoch_;             ///< of the message that on_message() has begun
  Timestamp keys_since_ = kNever;
  Timestamp drop_old_at_ = kNever;
  Timestamp last_handshake_{};
  std::uint64_t handshakes_ = 0;
};

}  // namespace hawser::sctp::security
