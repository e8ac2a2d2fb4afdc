#pragma once

#include "sctp/association/components.hpp"

namespace hawser::sctp::association {

/// The messages that a protected association exchanges for itself on stream 0: key management and path
/// preferences (docs/protocol.md). Owns nothing.
class InternalMessages {
 public:
  explicit InternalMessages(Components& parts) : parts_(parts) {}

  /// Reads what has arrived. The first keys make a HEARTBEAT leave, whose answer proves that the peer has the
  /// same keys.
  void receive(Timestamp now);
  void send_key_messages();
  void send_path_preferences();

 private:
  void on_path_preferences(Bytes message);
  void send(Bytes message, const SendOptions& options);

  Components& parts_;
};

}  // namespace hawser::sctp::association
