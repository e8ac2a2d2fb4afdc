#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// HMAC identifiers (RFC 4895 §3.3).
enum class HmacId : std::uint16_t { kSha1 = 1, kSha256 = 3 };

/// Digest size of an identifier in bytes; 0 for an unknown one.
[[nodiscard]] constexpr std::size_t hmac_size(std::uint16_t identifier) {
  if (identifier == static_cast<std::uint16_t>(HmacId::kSha1)) return 20;
  if (identifier == static_cast<std::uint16_t>(HmacId::kSha256)) return 32;
  return 0;
}

/// AUTH (RFC 4895 §4.1):
///
///  +---------------+---------------+-------------------------------+
///  |   type = 15   |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |     shared key identifier     |        HMAC identifier        |
///  +-------------------------------+-------------------------------+
///  |                            digest                             |
///  +---------------------------------------------------------------+
///
/// The digest covers the packet from the start of this chunk to the end, with zeros in its own place. parse()
/// does not check its size: compare it with hmac_size() before comparing the content.
struct AuthChunk {
  /// Offset of the digest from the start of the chunk.
  static constexpr std::size_t kDigestOffset = 8;

  std::uint16_t key_id = 0;
  std::uint16_t hmac_id = 0;
  Bytes digest{};

  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<AuthChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
  /// Writes the chunk with zeros for the digest and returns the offset of the digest in the writer. When the
  /// packet is complete, the caller writes the digest of [offset - kDigestOffset, end of packet) there.
  static std::size_t write_unsigned(ByteWriter& writer, std::uint16_t key_id, HmacId hmac_id);
};

}  // namespace hawser::sctp::wire
