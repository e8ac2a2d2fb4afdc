#include "sctp/endpoint/demultiplexer.hpp"

#include "sctp/wire/crc32c.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::endpoint {

void Demultiplexer::handle_datagram(Timestamp now, ReceivedDatagram& datagram) {
  if (is_protected() && wire::is_sealed(datagram.bytes)) return handle_sealed(now, datagram);
  const auto packet = wire::PacketView::parse(datagram.bytes);
  if (!packet) return drop(DropReason::truncated_packet);
  if (!wire::checksum_ok(datagram.bytes)) return drop(DropReason::bad_checksum);
  context_.tap.report(now, PacketDirection::received, datagram.route, datagram.bytes, false);
  if (!legal_header(packet->header(), datagram.route)) return;
  wire::ChunkReader reader = packet->chunks();
  const auto first = reader.next();
  if (!first) return drop(DropReason::malformed_chunk);
  dispatch(now, datagram.route, *packet, *first);
}

// The verification tag selects the association; the AEAD authenticates the packet. Before that, no answer is
// sent.
void Demultiplexer::handle_sealed(Timestamp now, ReceivedDatagram& datagram) {
  const auto outer = wire::PacketView::parse(datagram.bytes);
  if (!outer || !legal_header(outer->header(), datagram.route)) return;
  Entry* association = associations_.find_by_tag(outer->header().verification_tag);
  if (association == nullptr || association->closed()) return drop(DropReason::out_of_the_blue);
  if (association->peer_port() != outer->header().source_port) return drop(DropReason::bad_port);
  auto record = association->open_record(now, datagram.bytes);
  if (!record) return drop(record.error());
  record->ecn = datagram.ecn;
  context_.tap.report(now, PacketDirection::received, datagram.route, record->packet, true);
  const auto packet = wire::PacketView::parse(record->packet);
  association->handle_packet(now, datagram.route, *packet, &*record);
  associations_.touch(*association);
}

bool Demultiplexer::legal_header(const wire::CommonHeader& header, const Route& route) const {
  if (header.source_port == 0 || header.destination_port != context_.config.port) {
    drop(DropReason::bad_port);
    return false;
  }
  if (!route.remote.ip.is_unicast() || route.remote.port == 0) {
    drop(DropReason::bad_source_address);
    return false;
  }
  return true;
}

// RFC 9260 §8.5: the first chunk decides which verification tag is legal.
void Demultiplexer::dispatch(Timestamp now, const Route& route, const wire::PacketView& packet,
                             const wire::ChunkView& first) {
  const VerificationTag tag = packet.header().verification_tag;
  if (first.is(wire::ChunkType::kInit)) {
    if (tag != kNoTag) return drop(DropReason::bad_verification_tag);
    return listener_.handle_init(now, route, packet, first);
  }
  // RFC 9260 §8.5.1 A: only an INIT has tag 0, and any other packet with tag 0 is not answered.
  if (tag == kNoTag) return drop(DropReason::bad_verification_tag);
  if (first.is(wire::ChunkType::kCookieEcho)) return listener_.handle_cookie_echo(now, route, packet, first);
  Entry* association = associations_.find_by_tag(tag);
  if (association != nullptr && !association->closed())
    return dispatch_to(*association, now, route, packet, first);
  const bool reflectable = first.is(wire::ChunkType::kAbort) || first.is(wire::ChunkType::kShutdownComplete);
  if (!is_protected() && reflectable && (first.flags & 1) != 0)
    return dispatch_reflected(now, route, tag, first);
  if (is_protected() && first.is(wire::ChunkType::kPad)) return listener_.handle_restart_notice(now, route);
  listener_.handle_out_of_the_blue(route, packet);
}

void Demultiplexer::dispatch_to(Entry& association, Timestamp now, const Route& route,
                                const wire::PacketView& packet, const wire::ChunkView& first) {
  if (association.peer_port() != packet.header().source_port) return drop(DropReason::bad_port);
  const bool reflected = first.is(wire::ChunkType::kShutdownComplete) && (first.flags & 1) != 0;
  if (reflected) return drop(DropReason::bad_verification_tag);
  const auto authentic = association.authenticate(packet);
  if (!authentic) return drop(authentic.error());
  association.handle_packet(now, route, *authentic);
  associations_.touch(association);
}

// With the T bit, the packet has the peer's own tag, because its sender does not know ours.
void Demultiplexer::dispatch_reflected(Timestamp now, const Route& route, VerificationTag tag,
                                       const wire::ChunkView& first) {
  Entry* association = associations_.find_by_peer_tag(route, tag);
  if (association == nullptr) return drop(DropReason::out_of_the_blue);
  association->on_reflected(now, first);
  associations_.touch(*association);
}

}  // namespace hawser::sctp::endpoint
