#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/message.hpp"

namespace hawser::sctp {

/// How urgent a message is.
enum class TrafficClass : std::uint8_t {
  realtime,  ///< leaves before retransmissions of bulk messages
  bulk,      ///< leaves behind all retransmissions
};
/// Number of classes.
inline constexpr std::size_t kTrafficClasses = 2;

/// A message with its options.
struct OutgoingMessage {
  Buffer message;       ///< within the limits that Endpoint::send() has
  SendOptions options;  ///< within the limits that Endpoint::send() has
  /// Ordered messages of its stream that come before it and leave later, see MessageSource::next_behind().
  std::size_t ahead = 0;
};

/// The queue of a user who decides late what to send: the engine takes a message only when a path has room
/// for it, so that no queue stands behind this one. See Endpoint::set_message_source().
///
/// The engine takes at most one message of each class before the packet that carries it: the one that did not
/// fit the packet before. It calls the source only from Endpoint::poll_transmit(), and waiting() also from
/// getters. The source never calls the endpoint from these functions.
class MessageSource {
 public:
  virtual ~MessageSource() = default;
  /// Whether messages of this class wait. Cheap: called several times for each packet.
  [[nodiscard]] virtual bool waiting(TrafficClass traffic_class) const = 0;
  /// Bytes of all messages that wait. Cheap: called for each batch of packets.
  [[nodiscard]] virtual std::size_t waiting_bytes() const = 0;
  /// Moves the next message of this class to `out`, whose message is empty. False: there is none, because all
  /// that waited were stale; waiting() is false then.
  [[nodiscard]] virtual bool next(Timestamp now, TrafficClass traffic_class, OutgoingMessage& out) = 0;
  /// Moves a bulk message to `out` for a slow path: best the one that the faster paths would deliver when
  /// this one arrives, which is behind `bytes` bytes of other messages. It gets the place in the order of its
  /// stream that is behind OutgoingMessage::ahead messages, at most kMaxAhead, which follow it by next(). A
  /// source that cannot tell moves the next message. False: as for next().
  [[nodiscard]] virtual bool next_behind(Timestamp now, std::size_t /*bytes*/, OutgoingMessage& out) {
    return next(now, TrafficClass::bulk, out);
  }
  /// Whether a bulk message waits that next_behind() may move out of turn; slow paths get no others. Cheap.
  [[nodiscard]] virtual bool waiting_behind() const { return waiting(TrafficClass::bulk); }
  /// Most messages that one message may overtake.
  static constexpr std::size_t kMaxAhead = 2048;
};

}  // namespace hawser::sctp
