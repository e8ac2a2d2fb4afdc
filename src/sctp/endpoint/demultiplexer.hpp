#pragma once

#include "hawser/base/datagram.hpp"
#include "sctp/association/endpoint_context.hpp"
#include "sctp/endpoint/association_table.hpp"
#include "sctp/endpoint/listener.hpp"

namespace hawser::sctp::endpoint {

/// Finds the association of each datagram by its verification tag (RFC 9260 §8.5), and gives datagrams
/// without an association to the listener. Checks the common header and, in plain SCTP, the CRC32c. Owns
/// nothing; never answers.
///
/// The path of a received packet through the code: Endpoint::handle_datagrams >
/// Demultiplexer::handle_datagram > (sealed: security:: SecureChannel::open) >
/// association::Association::handle_packet > association::ChunkRouter > rx, tx, path
/// (docs/life-of-a-packet.md, "In").
class Demultiplexer {
 public:
  /// All arguments outlive it.
  Demultiplexer(association::EndpointContext& context, AssociationTable& associations, Listener& listener)
      : context_(context), associations_(associations), listener_(listener) {}

  /// Processes a received datagram. Its bytes may be overwritten: a sealed datagram is opened in place.
  void handle_datagram(Timestamp now, ReceivedDatagram& datagram);

 private:
  using Entry = AssociationTable::Entry;
  void handle_sealed(Timestamp now, ReceivedDatagram& datagram);
  void dispatch(Timestamp now, const Route& route, const wire::PacketView& packet,
                const wire::ChunkView& first);
  void dispatch_to(Entry& association, Timestamp now, const Route& route, const wire::PacketView& packet,
                   const wire::ChunkView& first);
  void dispatch_reflected(Timestamp now, const Route& route, VerificationTag tag,
                          const wire::ChunkView& first);
  [[nodiscard]] bool legal_header(const wire::CommonHeader& header, const Route& route) const;
  void drop(DropReason reason) const { context_.drops.add(reason); }
  [[nodiscard]] bool is_protected() const { return context_.security != nullptr; }

  association::EndpointContext& context_;
  AssociationTable& associations_;
  Listener& listener_;
};

}  // namespace hawser::sctp::endpoint
