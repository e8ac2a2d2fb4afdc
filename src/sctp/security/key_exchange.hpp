#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "hawser/base/time.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/security/secure_channel.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::security {

/// How far a protected association is set up.
enum class Readiness : std::uint8_t {
  handshake,  ///< no keys yet
  keys,       ///< packets are sealed; the peer has not proven yet that it has the same keys
  confirmed,  ///< the peer has; the association belongs to the application
};

/// Key agreement of one protected association (docs/protocol.md): runs the TLS handshakes over messages that
/// the association carries on stream 0, and limits what an unproven peer may do until then. Owns the secure
/// channel and the deadline of the handshake. Never sends; knows no path.
class KeyExchange {
 public:
  KeyExchange(const SecureChannel::Setup& setup, Timestamp now);

  [[nodiscard]] SecureChannel& channel() { return channel_; }
  [[nodiscard]] const SecureChannel& channel() const { return channel_; }
  [[nodiscard]] Readiness readiness() const {
    if (confirmed_) return Readiness::confirmed;
    return channel_.up() ? Readiness::keys : Readiness::handshake;
  }
  /// Ends the handshake unless the peer proves its keys before; kNever once confirmed.
  [[nodiscard]] Timestamp deadline() const { return confirmed_ ? kNever : deadline_; }

  /// The next key management message to send.
  std::optional<std::vector<std::byte>> poll_message() { return channel_.poll_message(); }
  /// A key management message of the peer. Returns whether it brought the first keys.
  bool on_message(Timestamp now, Bytes message);

  struct Outcome {
    enum class Kind : std::uint8_t {
      pending,
      confirmed,         ///< once: the peer has proven its keys
      handshake_failed,  ///< the association ends; the peer was never authenticated
      keys_failed,       ///< the keys cannot be renewed; the association ends
    };
    Kind kind = Kind::pending;
    std::string_view reason;  ///< of a failure, static text
  };
  /// Renews keys when they are due. Call after any input, after every message, and on timeout.
  void on_progress(Timestamp now) { channel_.on_progress(now); }
  /// What the last input led to. Call after on_progress, once poll_message is empty.
  [[nodiscard]] Outcome conclude(Timestamp now);

  // --- what an unprotected packet may bring before there are keys
  /// Chunks that it takes to agree on keys.
  [[nodiscard]] static bool belongs_to_handshake(const wire::ChunkView& chunk);
  /// Once there are keys, even since an earlier chunk of the same packet, no chunk may.
  [[nodiscard]] bool may_come_unsealed(const wire::ChunkView& chunk) const {
    return !channel_.up() && belongs_to_handshake(chunk);
  }
  [[nodiscard]] static bool is_key_management(const wire::DataChunk& data);
  /// The keys are agreed on, so only TLS may judge this chunk: `cumulative` is the receiver's cumulative TSN.
  [[nodiscard]] bool only_for_tls(const wire::DataChunk& data, Tsn cumulative) const;
  /// Whether a chunk in the clear may take memory: in order, and within the limit of an unproven peer.
  [[nodiscard]] static bool fits_handshake(const wire::DataChunk& data, Tsn cumulative,
                                           std::size_t held_bytes);

  static constexpr std::string_view kTimedOut = "handshake timed out";

 private:
  SecureChannel channel_;
  Timestamp deadline_;
  bool confirmed_ = false;
};

}  // namespace hawser::sctp::security
