#pragma once

#include <cstdint>

#include "hawser/base/buffer.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

struct SendOptions {
  StreamId stream{};
  Ppid ppid{};
  bool unordered = false;
  bool immediate_sack = false;  ///< I bit on the last fragment (RFC 9260 §3.3.1)
};

enum class SendResult : std::uint8_t {
  ok,
  would_block,      ///< the send buffer is full; an Event `writable` follows when half of it is free
  invalid_stream,   ///< no such outbound stream
  invalid_message,  ///< empty, or larger than max_message_size
  not_open,         ///< no such association, or it is shutting down
};

struct ReceivedMessage {
  AssociationId association;
  StreamId stream;
  Ppid ppid;
  bool unordered = false;
  /// More of the same message follows: partial delivery of a message too large for the receive window (RFC
  /// 9260 §6.9).
  bool more = false;
  Buffer payload;
};

}  // namespace hawser::sctp
