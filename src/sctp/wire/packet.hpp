#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/parse_error.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::wire {

inline constexpr std::size_t kCommonHeaderSize = 12;
inline constexpr std::size_t kChunkHeaderSize = 4;

/// RFC 9260 §3.1:
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
/// The checksum is kept as it lies on the wire, read as a big-endian number; see crc32c.hpp.
struct CommonHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  VerificationTag verification_tag{};
  std::uint32_t checksum = 0;

  void write(ByteWriter& writer) const;
  /// Fast path: `at` has kCommonHeaderSize bytes.
  void store(std::byte* at) const {
    store_be(at, source_port);
    store_be(at + 2, destination_port);
    store_be(at + 4, verification_tag.value());
    store_be(at + 8, checksum);
  }
  friend bool operator==(const CommonHeader&, const CommonHeader&) = default;
};

/// One chunk in place (RFC 9260 §3.2):
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

  [[nodiscard]] bool is(ChunkType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  /// For a switch; may hold a value that is none of the enumerators.
  [[nodiscard]] ChunkType chunk_type() const { return static_cast<ChunkType>(type); }
};

/// Walks the chunks of a packet. Borrows the packet; never allocates. The walk ends at the end of the packet
/// or at the first chunk whose length cannot be true; error() then says why.
class ChunkReader {
 public:
  /// `packet` starts with the common header; `offset` is where the first chunk is.
  explicit ChunkReader(Bytes packet, std::size_t offset = kCommonHeaderSize)
      : packet_(packet), offset_(offset < packet.size() ? offset : packet.size()) {}

  std::optional<ChunkView> next();
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] std::optional<ParseError> error() const { return error_; }
  /// Where the next chunk starts, counted from the start of the packet. Before next() this is the offset of
  /// the chunk that next() will return, which AUTH needs.
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  std::optional<ChunkView> fail(ParseError error);

  Bytes packet_;
  std::size_t offset_;
  std::optional<ParseError> error_;
};

/// A packet in place: common header and chunks. Says nothing about checksum and verification tag. A length
/// that is no multiple of four is tolerated (the last chunk may lack its padding, RFC 9260 §3.2).
class PacketView {
 public:
  static Parsed<PacketView> parse(Bytes packet);

  [[nodiscard]] const CommonHeader& header() const { return header_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] ChunkReader chunks() const { return ChunkReader(bytes_); }

 private:
  PacketView(const CommonHeader& header, Bytes bytes) : header_(header), bytes_(bytes) {}

  CommonHeader header_;
  Bytes bytes_;
};

/// Writes a chunk header now and its length and padding when the scope ends. Parameters written inside pad
/// themselves before they start (see ParameterScope), so that the length counts no trailing padding (RFC 9260
/// §3.2). The writer must stand on a 4-byte boundary.
class ChunkScope {
 public:
  ChunkScope(ByteWriter& writer, ChunkType type, std::uint8_t flags = 0);
  ~ChunkScope();
  ChunkScope(const ChunkScope&) = delete;
  ChunkScope& operator=(const ChunkScope&) = delete;

 private:
  ByteWriter& writer_;
  std::size_t start_;
};

}  // namespace hawser::sctp::wire
