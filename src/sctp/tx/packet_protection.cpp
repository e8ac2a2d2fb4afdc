#include "sctp/tx/packet_protection.hpp"

#include "sctp/wire/crc32c.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::tx {

void seal(TransmitBatch& batch) {
  MutableBytes rest = batch.bytes();
  for (const std::size_t size : batch.sizes()) {
    seal(rest.first(size));
    rest = rest.subspan(size);
  }
}

void seal(MutableBytes packet) {
  wire::seal_checksum(packet);
}

std::optional<DropReason> open(MutableBytes packet) {
  if (packet.size() < wire::kCommonHeaderSize) return DropReason::truncated_packet;
  if (!wire::checksum_ok(packet)) return DropReason::bad_checksum;
  return std::nullopt;
}

}  // namespace hawser::sctp::tx
