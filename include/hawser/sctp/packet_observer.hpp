#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp {

/// Which way a packet goes, seen from the endpoint.
enum class PacketDirection : std::uint8_t {
  sent,      ///< to the peer
  received,  ///< from the peer
};

/// One SCTP packet in clear text (RFC 9260 §3). Both ranges are valid during the call only.
struct ObservedPacket {
  PacketDirection direction{};  ///< seen from the endpoint
  bool sealed = false;          ///< on the wire, the chunks are inside a sealed chunk (docs/protocol.md)
  Route route;                  ///< the route that it leaves by or came from
  Bytes header;                 ///< common header, 12 bytes; the checksum field is unspecified
  Bytes chunks;  ///< all chunks, each padded to 4 bytes (the last one of a received packet may be not)
};

/// Receives a view of each packet of an endpoint, in clear text: for traces of developers and tests. The
/// endpoint reports a sent packet when its last chunk is written, before checksum or encryption, and a
/// received packet when it has passed checksum or authentication; it never reports packets that fail these.
/// Never changes a packet, and must not call the endpoint.
class PacketObserver {
 public:
  PacketObserver() = default;
  virtual ~PacketObserver() = default;
  PacketObserver(const PacketObserver&) = delete;
  PacketObserver& operator=(const PacketObserver&) = delete;

  /// `now` is the time of the call that sends or receives the packet.
  virtual void on_packet(Timestamp now, const ObservedPacket& packet) = 0;
};

}  // namespace hawser::sctp
