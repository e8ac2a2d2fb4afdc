#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "hawser/base/time.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/security/secure_channel.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::security {

/// How far a protected association is set up.
enum class Readiness : std::uint8_t {
  handshake,  ///< no keys yet
  keys,       ///< packets are sealed; the peer has not shown yet that it has the same keys
  confirmed,  ///< the peer has the same keys; the user may use the association
};

/// Key agreement of one protected association (docs/protocol.md): runs the TLS handshakes over messages that
/// the association carries on stream 0, and limits what an unauthenticated peer may do until then. Owns the
/// secure channel and the deadline of the handshake. Never sends; knows no path.
class KeyExchange {
 public:
  /// Starts the handshake if this end is the TLS client; its deadline runs from `now`. `extra`: time in
  /// addition to SecurityConfig::handshake_timeout, for a long round trip.
  KeyExchange(const SecureChannel::Setup& setup, Timestamp now, Duration extra = {});

  /// The keys.
  [[nodiscard]] SecureChannel& channel() { return channel_; }
  /// The keys, read only.
  [[nodiscard]] const SecureChannel& channel() const { return channel_; }
  /// How far the key exchange is.
  [[nodiscard]] Readiness readiness() const {
    if (confirmed_) return Readiness::confirmed;
    return channel_.up() ? Readiness::keys : Readiness::handshake;
  }
  /// When the handshake fails unless the peer has confirmed the keys before; kNever once confirmed.
  [[nodiscard]] Timestamp deadline() const { return confirmed_ ? kNever : deadline_; }

  /// The next key management message to send.
  std::optional<std::vector<std::byte>> poll_message() { return channel_.poll_message(); }
  /// Processes a key management message of the peer, or the next piece of one; `more`: the same message
  /// continues in the next piece. Returns whether it completed the first keys. Counts a message that a limit
  /// forbids in `drops`.
  bool on_message(Timestamp now, Bytes piece, bool more, DropCounters& drops);

  /// A change in the state of the key exchange.
  struct Outcome {
    enum class Kind : std::uint8_t {
      pending,
      confirmed,         ///< returned once: the peer has the same keys
      handshake_failed,  ///< the association ends; the peer was never authenticated
      keys_failed,       ///< the keys cannot be renewed; the association ends
    };
    Kind kind = Kind::pending;
    std::string_view reason;  ///< why it failed, static text
  };
  /// Starts a rekey when it is due. To be called after any input, after every message, and on timeout.
  void on_progress(Timestamp now) { channel_.on_progress(now); }
  /// The result of the last input. To be called after on_progress(), when poll_message() is empty.
  [[nodiscard]] Outcome conclude(Timestamp now);

  // --- chunks of unprotected packets before there are keys
  /// Whether the chunk is of a type that the key agreement needs.
  [[nodiscard]] static bool belongs_to_handshake(const wire::ChunkView& chunk);
  /// Whether the chunk may arrive in a packet that is not a record: never once there are keys, even if an
  /// earlier chunk of the same packet completed them.
  [[nodiscard]] bool may_come_unsealed(const wire::ChunkView& chunk) const {
    return !channel_.up() && belongs_to_handshake(chunk);
  }
  /// Whether the chunk belongs to a key management message.
  [[nodiscard]] static bool is_key_management(const wire::DataChunk& data);
  /// Whether the keys are agreed on, so that the chunk is passed to TLS and its TSN is not accepted.
  /// `cumulative` is the receiver's cumulative TSN.
  [[nodiscard]] bool only_for_tls(const wire::DataChunk& data, Tsn cumulative) const;
  /// Whether a chunk in the clear may be taken: in order, and within the limit of an unauthenticated peer.
  /// `cumulative` is the receiver's cumulative TSN, `held_bytes` what the receiver stores already.
  [[nodiscard]] static bool fits_handshake(const wire::DataChunk& data, Tsn cumulative,
                                           std::size_t held_bytes);

  /// The reason when the deadline has passed.
  static constexpr std::string_view kTimedOut = "handshake timed out";

 private:
  SecureChannel channel_;
  Timestamp deadline_;
  bool confirmed_ = false;
  bool in_message_ = false;  ///< the next piece continues a message
};

}  // namespace hawser::sctp::security
