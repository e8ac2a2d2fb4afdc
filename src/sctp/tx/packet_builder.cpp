#include "sctp/tx/packet_builder.hpp"

namespace hawser::sctp::tx {
namespace {

std::size_t tail_of(PacketBuilder::Layout layout) {
  switch (layout) {
    case PacketBuilder::Layout::plain: return 0;
    case PacketBuilder::Layout::authentic: return wire::kHandshakeMacSize;
    case PacketBuilder::Layout::sealed: break;
  }
  return crypto::kAeadTagSize;
}

}  // namespace

PacketBuilder::PacketBuilder(MutableBytes room, const wire::CommonHeader& header, const auth::Auth* auth,
                             Layout layout)
    : tail_(tail_of(layout)),
      writer_(room.first(room.size() - tail_)),
      first_chunk_(layout == Layout::sealed ? wire::kSealedHeadSize : wire::kCommonHeaderSize),
      auth_(auth) {
  header.write(writer_);
  writer_.zeros(first_chunk_ - wire::kCommonHeaderSize);
}

std::size_t PacketBuilder::room_for(wire::ChunkType type) const {
  std::size_t room = writer_.remaining();
  if (auth_ != nullptr && !auth_at_ && auth_->peer_wants(type)) {
    room -= std::min(room, auth_->chunk_size());
  }
  return room;
}

bool PacketBuilder::fits(wire::ChunkType type, std::size_t size) const {
  return padded4(size) <= room_for(type);
}

void PacketBuilder::authenticate(wire::ChunkType type) {
  if (auth_ == nullptr || auth_at_ || !auth_->peer_wants(type)) return;
  auth_at_ = writer_.size();
  auth_->write_unsigned(writer_);
}

ByteWriter& PacketBuilder::begin_chunk(wire::ChunkType type) {
  authenticate(type);
  return writer_;
}

void PacketBuilder::add(wire::ChunkType type, Bytes chunk) {
  authenticate(type);
  writer_.bytes(chunk);
  writer_.pad4();
}

void PacketBuilder::add_data(const wire::DataChunk& chunk) {
  authenticate(wire::ChunkType::kData);
  std::byte header[wire::kDataHeaderSize];
  wire::write_data_header(header, chunk, chunk.payload.size());
  writer_.bytes(header);
  writer_.bytes(chunk.payload);
  writer_.pad4();
}

std::size_t PacketBuilder::finish() {
  if (auth_at_) auth_->sign(writer_.written(), *auth_at_);
  return writer_.size() + tail_;
}

}  // namespace hawser::sctp::tx
