#pragma once

#include <cstdint>
#include <optional>

#include "hawser/base/bytes.hpp"
#include "sctp/auth/auth.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::tx {

/// Builds one packet in place: common header, chunks, and the AUTH chunk before the first chunk that has to
/// be authenticated (RFC 4895 §6.2). Owns nothing; never seals or signs: PacketWriter does so for the
/// whole batch.
class PacketBuilder {
 public:
  /// What the packet leaves space for around its chunks: nothing, a handshake MAC behind them, or record
  /// header and tag.
  enum class Layout : std::uint8_t { plain, authentic, sealed };
  /// The packet grows in `room` and never beyond it. `auth` may be null: no chunk is authenticated.
  PacketBuilder(MutableBytes room, const wire::CommonHeader& header, const auth::Auth* auth,
                Layout layout = Layout::plain);

  /// Whether a chunk of `size` bytes (with header, without padding) of this type still fits.
  [[nodiscard]] bool fits(wire::ChunkType type, std::size_t size) const;
  /// Appends a serialised chunk. To be called only when fits().
  void add(wire::ChunkType type, Bytes chunk);
  /// Appends a DATA chunk. To be called only when fits().
  void add_data(const wire::DataChunk& chunk);
  /// Returns the writer for a chunk that the caller writes; adds AUTH before it when the type needs it.
  ByteWriter& begin_chunk(wire::ChunkType type);

  /// Whether the packet has no chunk yet.
  [[nodiscard]] bool empty() const { return writer_.size() == first_chunk_; }
  /// Bytes left for the next chunk of this type, header included.
  [[nodiscard]] std::size_t room_for(wire::ChunkType type) const;
  /// The DSCP of the packet, which is that of the messages in it; nothing: any.
  [[nodiscard]] std::optional<std::uint8_t> dscp() const { return dscp_; }
  /// Whether a message with this DSCP may be in the packet.
  [[nodiscard]] bool accepts_dscp(std::uint8_t dscp) const { return !dscp_ || *dscp_ == dscp; }
  /// Sets the DSCP of the packet.
  void set_dscp(std::uint8_t dscp) { dscp_ = dscp; }
  /// Completes the AUTH chunk, if there is one; returns the size of the packet, with that of the tag or
  /// handshake MAC.
  std::size_t finish();

 private:
  void authenticate(wire::ChunkType type);

  std::size_t tail_;  ///< bytes that PacketWriter adds after the chunks
  ByteWriter writer_;
  std::size_t first_chunk_;
  const auth::Auth* auth_;
  std::optional<std::size_t> auth_at_;  ///< where the AUTH chunk starts
  std::optional<std::uint8_t> dscp_;
};

}  // namespace hawser::sctp::tx
