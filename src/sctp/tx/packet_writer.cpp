#include "sctp/tx/packet_writer.hpp"

#include "sctp/wire/crc32c.hpp"

namespace hawser::sctp::tx {

PacketBuilder PacketWriter::begin(MutableBytes room, VerificationTag tag) const {
  return {room, {local_port_, peer_port_, tag, 0}, auth_, layout()};
}

PacketBuilder::Layout PacketWriter::layout() const {
  if (seals()) return PacketBuilder::Layout::sealed;
  return handshake_mac_ != nullptr ? PacketBuilder::Layout::authentic : PacketBuilder::Layout::plain;
}

bool PacketWriter::finish(Timestamp now, const Route& route, MutableBytes packet,
                          path::RecordNumbers& numbers) const {
  const bool tapped = tap_ != nullptr && tap_->active();
  if (seals()) {
    if (tapped) {
      const MutableBytes chunks =
          packet.subspan(wire::kSealedHeadSize, packet.size() - wire::kSealedHeadSize - crypto::kAeadTagSize);
      tap_->report(now, PacketDirection::sent, route, packet, chunks, true);
    }
    return channel_->seal(packet, numbers);
  }
  finish_unsealed(packet);
  if (tapped) tap_->report(now, PacketDirection::sent, route, packet, false);
  return true;
}

bool PacketWriter::finish(Timestamp now, TransmitBatch& batch, path::RecordNumbers& numbers) const {
  MutableBytes rest = batch.bytes();
  for (const std::size_t size : batch.sizes()) {
    if (!finish(now, batch.route, rest.first(size), numbers)) return false;
    rest = rest.subspan(size);
  }
  return true;
}

void PacketWriter::finish_unsealed(MutableBytes packet) const {
  if (handshake_mac_ != nullptr) handshake_mac_->sign(packet);
  finish_plain(packet);
}

void PacketWriter::finish_plain(MutableBytes packet) {
  wire::seal_checksum(packet);
}

}  // namespace hawser::sctp::tx
