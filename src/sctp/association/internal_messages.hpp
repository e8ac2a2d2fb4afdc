#pragma once

#include "sctp/association/components.hpp"

namespace hawser::sctp::association {

/// The messages that a protected association exchanges for itself on stream 0: key management and path
/// preferences (docs/protocol.md). Owns nothing; never delivers these messages to the user.
class InternalMessages {
 public:
  /// `parts` outlives it.
  explicit InternalMessages(Components& parts) : parts_(parts) {}

  /// Processes the messages that have arrived. After the first keys a HEARTBEAT is sent, whose answer shows
  /// that the peer has the same keys.
  void receive(Timestamp now);
  /// Queues the key management messages that are due.
  void send_key_messages();
  /// Queues the path preferences that were not advertised yet.
  void send_path_preferences();

 private:
  void on_path_preferences(Bytes message);
  void send(Bytes message, const SendOptions& options);

  Components& parts_;
};

}  // namespace hawser::sctp::association
