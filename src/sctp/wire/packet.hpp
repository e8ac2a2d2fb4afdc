#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/parse_error.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::wire {

/// Size of a CommonHeader, bytes.
inline constexpr std::size_t kCommonHeaderSize = 12;
/// Size of type, flags and length of a chunk, bytes.
inline constexpr std::size_t kChunkHeaderSize = 4;

/// The common header of a packet (RFC 9260 §3.1):
///
///   0                   1                   2                   3
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///  +-------------------------------+-------------------------------+
///  |       source port             |     destination port          |
///  +-------------------------------+-------------------------------+
///  |                       verification tag                        |
///  +---------------------------------------------------------------+
///  |                           checksum                            |
///  +---------------------------------------------------------------+
///
/// `checksum` is the four bytes of the wire, read as a big-endian number; see crc32c.hpp.
struct CommonHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  VerificationTag verification_tag{};
  std::uint32_t checksum = 0;

  /// Writes the header with `checksum` as it is.
  void write(ByteWriter& writer) const;
  /// Like write(), without bounds checks; `at` has kCommonHeaderSize bytes.
  void store(std::byte* at) const {
    store_be(at, source_port);
    store_be(at + 2, destination_port);
    store_be(at + 4, verification_tag.value());
    store_be(at + 8, checksum);
  }
  friend bool operator==(const CommonHeader&, const CommonHeader&) = default;
};

/// One chunk, read in place (RFC 9260 §3.2). Borrows the bytes of the packet.
///
///  +---------------+---------------+-------------------------------+
///  |  chunk type   |  chunk flags  |         chunk length          |
///  +---------------+---------------+-------------------------------+
///  |                          chunk value                          |
///  +---------------------------------------------------------------+
struct ChunkView {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  Bytes value{};  ///< without header and padding
  Bytes whole{};  ///< header and value, without padding

  /// Whether the chunk has the type `wanted`.
  [[nodiscard]] bool is(ChunkType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  /// The type, for a switch; the value may be none of the enumerators.
  [[nodiscard]] ChunkType chunk_type() const { return static_cast<ChunkType>(type); }
};

/// Walks the chunks of a packet. Borrows the packet; never allocates. The walk ends at the end of the packet,
/// or at the first chunk with an impossible length; error() then gives the reason.
class ChunkReader {
 public:
  /// `packet` starts with the common header; `offset` is where the first chunk is.
  explicit ChunkReader(Bytes packet, std::size_t offset = kCommonHeaderSize)
      : packet_(packet), offset_(offset < packet.size() ? offset : packet.size()) {}

  /// The next chunk; nothing at the end of the walk.
  std::optional<ChunkView> next();
  /// Whether no chunk had an impossible length so far.
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  /// Why the walk ended early; nothing while ok().
  [[nodiscard]] std::optional<ParseError> error() const { return error_; }
  /// The offset of the chunk that next() will return, from the start of the packet. AUTH needs it.
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  std::optional<ChunkView> fail(ParseError error);

  Bytes packet_;
  std::size_t offset_;
  std::optional<ParseError> error_;
};

/// A packet, read in place: common header and chunks. Borrows the bytes. Never checks checksum or
/// verification tag. Accepts a length that is not a multiple of four: the last chunk may lack its padding
/// (RFC 9260 §3.2).
class PacketView {
 public:
  /// Fails only when `packet` is shorter than a common header.
  static Parsed<PacketView> parse(Bytes packet);

  /// The common header.
  [[nodiscard]] const CommonHeader& header() const { return header_; }
  /// The whole packet.
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  /// Starts a walk over the chunks.
  [[nodiscard]] ChunkReader chunks() const { return ChunkReader(bytes_); }

 private:
  PacketView(const CommonHeader& header, Bytes bytes) : header_(header), bytes_(bytes) {}

  CommonHeader header_;
  Bytes bytes_;
};

/// Writes a chunk: the constructor writes its header, the destructor its length and padding. Parameters
/// inside are padded before they start (see ParameterScope), so that the length counts no trailing padding
/// (RFC 9260 §3.2). Borrows the writer, which must be at a 4-byte boundary.
class ChunkScope {
 public:
  /// Writes the chunk header with a length of 0.
  ChunkScope(ByteWriter& writer, ChunkType type, std::uint8_t flags = 0);
  ~ChunkScope();
  ChunkScope(const ChunkScope&) = delete;
  ChunkScope& operator=(const ChunkScope&) = delete;

 private:
  ByteWriter& writer_;
  std::size_t start_;
};

}  // namespace hawser::sctp::wire
