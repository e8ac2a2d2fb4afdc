#pragma once

#include <cstdint>
#include <optional>

#include "crypto/aead.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parameter.hpp"

// Wire formats of protected associations, with code points of this project: docs/protocol.md.

namespace hawser::sctp::wire {

/// Error detection method identifier (RFC 9653): packets with a sealed chunk may leave the CRC32c zero.
inline constexpr std::uint32_t kSealedErrorDetection = 0x48570001;
/// Payload protocol identifier of internal messages with key management, on stream 0.
inline constexpr Ppid kKeyManagementPpid{0x48570002};
/// Payload protocol identifier of internal messages with path preferences, on stream 0.
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
  static constexpr std::size_t kSize = 12;  ///< of the value, bytes
  crypto::CipherCosts costs;

  /// Fails on another size or version.
  static Parsed<ProtectionParameter> parse(Bytes value);
  /// Writes the whole parameter.
  void write(ByteWriter& writer) const;
};

/// The head of a path preferences message. Entries of the stated size follow it.
///
///  +---------------+---------------+
///  |  version = 1  |  entry size   |
///  +---------------+---------------+
///
/// A format that only appends fields to an entry keeps the version and states a larger size.
struct PathPreferencesHead {
  static constexpr std::uint8_t kVersion = 1;
  static constexpr std::size_t kSize = 2;  ///< bytes
  std::size_t entry_size = 0;              ///< bytes

  /// Fails when the version differs, an entry is too small, or `message` has no whole number of entries.
  static Parsed<PathPreferencesHead> parse(Bytes message);
  /// Writes a head for entries of PathPreferenceEntry::kSize bytes.
  static void write(ByteWriter& writer);
};

/// One entry of a path preferences message: the sender's role for a path, and the highest rate in bits per
/// second at which the peer may send on it (0: no cap). Epoch and path id of the sender's records name the
/// path.
///
///  +---------------+---------------+---------------+---------------+
///  |     epoch     |    path id    |      role     |     flags     |
///  +---------------+---------------+---------------+---------------+
///  |                  cap in bits per second, high 32              |
///  +---------------------------------------------------------------+
///  |                             low 32                            |
///  +---------------------------------------------------------------+
struct PathPreferenceEntry {
  static constexpr std::size_t kSize = 12;  ///< bytes
  Epoch epoch{};
  RecordPathId path_id{};
  PathRole role{};
  std::uint64_t cap_bps = 0;
  bool removed = false;  ///< flag 1: the sender no longer has the path

  /// Parses the first kSize of `bytes`. Fails on an unknown role, or on a cap that is not valid (is_cap).
  static Parsed<PathPreferenceEntry> parse(Bytes bytes);
  /// Writes kSize bytes.
  void write(ByteWriter& writer) const;
};

/// Size of the nonce in ACCESS, bytes. ACCESS is the last parameter of an INIT and ends it:
///
///  +---------------------------------------------------------------+
///  |                        nonce (16 bytes)                       |
///  +---------------------------------------------------------------+
///  |                       hub MAC (16 bytes)                      |
///  +---------------------------------------------------------------+
///  |                      key hint (4 bytes)                       |
///  +---------------------------------------------------------------+
///  |                         MAC (16 bytes)                        |
///  +---------------------------------------------------------------+
///
/// Both MACs cover the INIT chunk in front of them: the first under the hub's public key alone, the second
/// under the access key, which the hint names.
inline constexpr std::size_t kAccessNonceSize = 16;
/// Size of either MAC in ACCESS, and of the MAC in a handshake MAC chunk, bytes.
inline constexpr std::size_t kAccessMacSize = 16;
/// Size of the key hint in ACCESS, bytes.
inline constexpr std::size_t kAccessHintSize = 4;
/// Size of the value of ACCESS, bytes.
inline constexpr std::size_t kAccessSize = kAccessNonceSize + 2 * kAccessMacSize + kAccessHintSize;
/// Size of ACCESS with its header, bytes.
inline constexpr std::size_t kAccessParameterSize = kTlvHeaderSize + kAccessSize;

/// Size of the handshake MAC, the last chunk of every unsealed packet of a handshake but the INIT, bytes:
///
///  +---------------+---------------+-------------------------------+
///  |  type = 0x5f  |   flags = 0   |          length = 20          |
///  +---------------+---------------+-------------------------------+
///  |                         MAC (16 bytes)                        |
///  +---------------------------------------------------------------+
inline constexpr std::size_t kHandshakeMacSize = kChunkHeaderSize + kAccessMacSize;
/// The header of a handshake MAC, read as one big-endian number.
inline constexpr std::uint32_t kHandshakeMacHeader = 0x5f00'0014;

/// The header of a record: the start of the sealed chunk, which is the only chunk of its packet:
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
/// The highest sequence number; a path needs new keys after it.
inline constexpr RecordSequence kMaxRecordSequence{(std::uint64_t{1} << 48U) - 1};
/// Size of chunk header and record header of a sealed chunk, bytes.
inline constexpr std::size_t kRecordHeaderSize = kChunkHeaderSize + 8;
/// Bytes before the encrypted chunks: common header, chunk header, record header. All are associated data.
inline constexpr std::size_t kSealedHeadSize = kCommonHeaderSize + kRecordHeaderSize;
/// Bytes that sealing adds to a packet.
inline constexpr std::size_t kSealedOverhead = kRecordHeaderSize + crypto::kAeadTagSize;

/// Whether the type of the first chunk is that of a sealed chunk. Checks nothing else.
[[nodiscard]] bool is_sealed(Bytes datagram);
/// Writes chunk header and record header of a sealed packet of `packet.size()` bytes in all.
void write_record_header(MutableBytes packet, const RecordHeader& header);
/// The record header; nothing when the sealed chunk does not end with the datagram or is too short.
[[nodiscard]] std::optional<RecordHeader> read_record_header(Bytes datagram);

}  // namespace hawser::sctp::wire
