#pragma once

#include <cstdint>
#include <optional>

#include "crypto/aead.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parameter.hpp"

// Wire formats of protected associations: code points of our own, docs/protocol.md.

namespace hawser::sctp::wire {

/// RFC 9653: the error detection method that lets us leave the CRC32c zero is the sealed chunk.
inline constexpr std::uint32_t kSealedErrorDetection = 0x48570001;
/// Payload protocol identifiers of messages between the engines, on stream 0.
inline constexpr Ppid kKeyManagementPpid{0x48570002};
inline constexpr Ppid kPathPreferencesPpid{0x48570003};

/// PROTECTION, in INIT and INIT ACK: 12 bytes of value.
///
///  +---------------+-----------------------------------------------+
///  |  version = 1  |                 reserved = 0                  |
///  +---------------+-----------------------------------------------+
///  |            ns to seal 1400 bytes by AES-128-GCM               |
///  +---------------------------------------------------------------+
///  |         ns to seal 1400 bytes by ChaCha20-Poly1305            |
///  +---------------------------------------------------------------+
struct ProtectionParameter {
  static constexpr std::uint8_t kVersion = 1;
  static constexpr std::size_t kSize = 12;
  crypto::CipherCosts costs;

  static Parsed<ProtectionParameter> parse(Bytes value);
  void write(ByteWriter& writer) const;
};

/// A path wishes message: its head, then entries of the size that the head names.
///
///  +---------------+---------------+
///  |  version = 1  |  entry size   |
///  +---------------+---------------+
///
/// A later version of this format that only adds to an entry names a larger size: what is known comes first.
struct PathPreferencesHead {
  static constexpr std::uint8_t kVersion = 1;
  static constexpr std::size_t kSize = 2;
  std::size_t entry_size = 0;

  /// Refused when the version is another, an entry too small, or `message` no whole number of entries.
  static Parsed<PathPreferencesHead> parse(Bytes message);
  static void write(ByteWriter& writer);
};

/// One entry: "of the path on which I send records with this path id in this epoch, my role is …, and send
/// no more than … bits per second (0: as much as you like) on it".
///
///  +---------------+---------------+---------------+---------------+
///  |     epoch     |    path id    |      role     |  reserved = 0 |
///  +---------------+---------------+---------------+---------------+
///  |                  cap in bits per second, high 32              |
///  +---------------------------------------------------------------+
///  |                             low 32                            |
///  +---------------------------------------------------------------+
struct PathPreferenceEntry {
  static constexpr std::size_t kSize = 12;
  Epoch epoch{};
  RecordPathId path_id{};
  PathRole role{};
  std::uint64_t cap_bps = 0;

  /// Of `bytes`, which have kSize or more. Refused when there is no such role, or the cap is neither 0 nor
  /// within kMinCap and kMaxCap.
  static Parsed<PathPreferenceEntry> parse(Bytes bytes);
  void write(ByteWriter& writer) const;
};

/// ACCESS, the last parameter of an INIT: a nonce, and the first half of an HMAC-SHA-256 over the INIT chunk
/// up to it.
///
///  +---------------------------------------------------------------+
///  |                        nonce (16 bytes)                       |
///  +---------------------------------------------------------------+
///  |                         MAC (16 bytes)                        |
///  +---------------------------------------------------------------+
inline constexpr std::size_t kAccessNonceSize = 16;
inline constexpr std::size_t kAccessMacSize = 16;
inline constexpr std::size_t kAccessParameterSize = kTlvHeaderSize + kAccessNonceSize + kAccessMacSize;

/// The sealed chunk, the only one of its packet:
///
///  +---------------+---------------+-------------------------------+
///  |  type = 0x5e  |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |    path id    |     epoch     |       sequence, high 16       |
///  +---------------+---------------+-------------------------------+
///  |                        sequence, low 32                       |
///  +---------------------------------------------------------------+
///  |          all chunks of the packet, encrypted; tag (16)        |
///  +---------------------------------------------------------------+
struct RecordHeader {
  RecordPathId path_id{};
  Epoch epoch{};
  RecordSequence sequence{};
};
inline constexpr RecordSequence kMaxRecordSequence{(std::uint64_t{1} << 48U) - 1};
inline constexpr std::size_t kRecordHeaderSize = kChunkHeaderSize + 8;
/// Before the chunks: common header, chunk header, record header. All of it is associated data.
inline constexpr std::size_t kSealedHeadSize = kCommonHeaderSize + kRecordHeaderSize;
/// What sealing adds to a packet.
inline constexpr std::size_t kSealedOverhead = kRecordHeaderSize + crypto::kAeadTagSize;

/// Whether the first chunk of the datagram is sealed; it need not be well formed.
[[nodiscard]] bool is_sealed(Bytes datagram);
/// Writes chunk header and record header of a sealed packet of `packet.size()` bytes in all.
void write_record_header(MutableBytes packet, const RecordHeader& header);
/// Nothing when the sealed chunk is not exactly the rest of the datagram.
[[nodiscard]] std::optional<RecordHeader> read_record_header(Bytes datagram);

}  // namespace hawser::sctp::wire
