#pragma once

#include <cstdint>
#include <optional>

#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

/// How to send one message.
struct SendOptions {
  StreamId stream{};       ///< below AssociationStatus::outbound_streams
  Ppid ppid{};             ///< delivered with the message
  bool unordered = false;  ///< U bit: delivered without regard to the order in the stream (RFC 9260 §6.6)
  bool immediate_sack = false;  ///< I bit: the peer acknowledges immediately (RFC 9260 §3.3.1)
  /// The DSCP of the packets that carry it, 0 to 63. Messages with different ones share no packet.
  std::uint8_t dscp = 0;
  /// When it is over, the message is no longer sent, for the first time or again (RFC 7496, policy TTL).
  /// Zero: never. This and the next member take effect if AssociationStatus::partial_reliability.
  Duration lifetime{};
  /// Most retransmissions of each of its chunks (RFC 7496, policy RTX), at most 253; nothing: no limit.
  std::optional<std::uint8_t> max_retransmissions{};
};

/// Outcome of Endpoint::send().
enum class SendResult : std::uint8_t {
  ok,               ///< the engine owns the message now
  would_block,      ///< the send buffer is full; an Event `writable` follows when half of it is free
  invalid_stream,   ///< no such outbound stream
  invalid_message,  ///< empty, larger than max_message_size, or with a DSCP above 63
  not_open,         ///< no such association, or it is shutting down
};

/// A message from the peer, or a part of one.
struct ReceivedMessage {
  AssociationId association;  ///< the association that it arrived on
  StreamId stream;            ///< below AssociationStatus::inbound_streams
  Ppid ppid;                  ///< as the peer set it
  bool unordered = false;     ///< U bit (RFC 9260 §6.6)
  /// Whether more of this message follows: partial delivery of a message that is too large for the receive
  /// window (RFC 9260 §6.9).
  bool more = false;
  bool late = false;  ///< delivered after later messages of its stream (EndpointConfig::order_hold)
  /// Ends a message of which parts were delivered: its sender has abandoned the rest (RFC 3758). `more` is
  /// false, and the payload is empty.
  bool abandoned = false;
  Buffer payload;  ///< user data, at least one byte unless `abandoned`
};

}  // namespace hawser::sctp
