#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ring_queue.hpp"
#include "crypto/hmac.hpp"
#include "crypto/tls_session.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/security/record_layer.hpp"

namespace hawser::sctp::security {

/// What makes one association protected: the TLS handshakes that agree on keys, over messages that the
/// association carries for it on stream 0, and the records sealed with these keys.
///
/// The TLS server seals with new keys as soon as it has them: the client has had them for half a round trip.
/// The client does so when it has opened the first record under them, which tells it that the server accepted
/// it. So nothing is ever sealed with keys that the other side may not have, and a rekey loses no packet.
///
/// Owns keys and TLS state. Never sends, never looks at a clock; knows nothing of chunks.
class SecureChannel {
 public:
  struct Setup {
    const SecurityConfig& config;
    crypto::TlsRole role;
    std::optional<crypto::PublicKey> expected_peer;  ///< of the client
    crypto::Sha256Digest transcript;                 ///< of INIT and INIT ACK
    crypto::Cipher cipher;
    bool zero_checksum = false;
  };
  explicit SecureChannel(const Setup& setup);

  /// The client's first handshake.
  void begin();
  /// A key management message of the peer.
  void on_message(Timestamp now, Bytes message);
  /// The next key management message to send, or nothing.
  std::optional<std::vector<std::byte>> poll_message();
  /// Renews keys that reached a limit, and wipes old ones. Cheap: to be called after any input and timeout.
  void on_progress(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;

  [[nodiscard]] bool seal(MutableBytes packet, path::RecordNumbers& numbers) {
    return records_.seal(packet, numbers);
  }
  [[nodiscard]] Result<OpenedRecord, DropReason> open(Timestamp now, MutableBytes datagram);

  [[nodiscard]] const PeerPath* peer_path(Epoch epoch, RecordPathId path_id) {
    return records_.peer_path(epoch, path_id);
  }

  /// There are keys, and we seal what we send.
  [[nodiscard]] bool up() const { return records_.can_send(); }
  /// Whether the first keys are agreed on, if not used yet: the peer has nothing more to say without them.
  [[nodiscard]] bool agreed() const { return up() || (exchange_ && exchange_->installed); }
  /// The peer has shown that it has them too: its pre-shared key is ours.
  [[nodiscard]] bool proven() const { return proven_; }
  /// Why the association cannot go on; empty while it can.
  [[nodiscard]] std::string_view failure() const { return failure_; }
  /// Expects up().
  [[nodiscard]] const crypto::PublicKey& peer() const { return *peer_; }
  [[nodiscard]] SecurityStatus status() const;

 private:
  /// A handshake under way.
  struct Exchange {
    Epoch epoch;
    crypto::TlsSession tls;
    bool installed = false;  ///< its keys open records
  };
  void start_exchange();
  void advance_handshake(Timestamp now);
  void install_keys(Timestamp now);
  void switch_keys(Timestamp now);
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
  bool rekey_requested_ = false;
  Timestamp keys_since_ = kNever;
  Timestamp drop_old_at_ = kNever;
  Timestamp last_handshake_{};
  std::uint64_t handshakes_ = 0;
};

}  // namespace hawser::sctp::security
