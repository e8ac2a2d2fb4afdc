#include "sctp/tx/packet_writer.hpp"

#include "sctp/wire/crc32c.hpp"

namespace hawser::sctp::tx {

PacketBuilder PacketWriter::begin(MutableBytes room, std::uint32_t tag) const {
  return {room,
          {local_port_, peer_port_, tag, 0},
          auth_,
          seals() ? PacketBuilder::Layout::sealed : PacketBuilder::Layout::plain};
}

bool PacketWriter::finish(MutableBytes packet, path::RecordNumbers& numbers) const {
  if (seals()) return channel_->seal(packet, numbers);
  finish_plain(packet);
  return true;
}

bool PacketWriter::finish(TransmitBatch& batch, path::RecordNumbers& numbers) const {
  MutableBytes rest = batch.bytes();
  for (const std::size_t size : batch.sizes()) {
    if (!finish(rest.first(size), numbers)) return false;
    rest = rest.subspan(size);
  }
  return true;
}

void PacketWriter::finish_plain(MutableBytes packet) {
  wire::seal_checksum(packet);
}

}  // namespace hawser::sctp::tx
