#include "sctp/tx/packet_writer.hpp"

#include "sctp/wire/crc32c.hpp"

namespace hawser::sctp::tx {

PacketBuilder PacketWriter::begin(MutableBytes room, VerificationTag tag) const {
  return {room,
          {local_port_, peer_port_, tag, 0},
          auth_,
          seals() ? PacketBuilder::Layout::sealed : PacketBuilder::Layout::plain};
}

bool PacketWriter::finish(Timestamp now, const Route& route, MutableBytes packet,
                          path::RecordNumbers& numbers) const {
  const bool sealed = seals();
  if (tap_ != nullptr && tap_->active()) {
    const std::size_t head = sealed ? wire::kSealedHeadSize : wire::kCommonHeaderSize;
    const std::size_t tail = sealed ? crypto::kAeadTagSize : 0;
    tap_->report(now, PacketDirection::sent, route, packet, packet.subspan(head, packet.size() - head - tail),
                 sealed);
  }
  if (sealed) return channel_->seal(packet, numbers);
  finish_plain(packet);
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

void PacketWriter::finish_plain(MutableBytes packet) {
  wire::seal_checksum(packet);
}

}  // namespace hawser::sctp::tx
