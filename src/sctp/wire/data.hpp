#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// Bytes of a DATA chunk before its user data.
inline constexpr std::size_t kDataHeaderSize = 16;
/// Bytes of an I-DATA chunk before its user data.
inline constexpr std::size_t kIDataHeaderSize = 20;

/// DATA (RFC 9260 §3.3.1):
///
///   0                   1                   2                   3
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///  +---------------+-------+-+-+-+-+-------------------------------+
///  |   type = 0    |  res  |I|U|B|E|            length             |
///  +---------------+-------+-+-+-+-+-------------------------------+
///  |                              TSN                              |
///  +-------------------------------+-------------------------------+
///  |            stream             |              SSN              |
///  +-------------------------------+-------------------------------+
///  |                             PPID                              |
///  +---------------------------------------------------------------+
///  |                           user data                           |
///  +---------------------------------------------------------------+
///
/// An empty payload parses: the receiver answers it with ABORT and cause No User Data (§6.2), which holds the
/// TSN.
struct DataChunk {
  bool immediate = false;
  bool unordered = false;
  bool begin = false;
  bool end = false;
  Tsn tsn{};
  StreamId stream{};
  Ssn ssn{};
  Ppid ppid{};
  Bytes payload{};

  /// `payload` borrows the bytes of the chunk.
  static Parsed<DataChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk with padding.
  void write(ByteWriter& writer) const;
};

/// I-DATA (RFC 8260 §2.1):
///
///  +---------------+-------+-+-+-+-+-------------------------------+
///  |   type = 64   |  res  |I|U|B|E|            length             |
///  +---------------+-------+-+-+-+-+-------------------------------+
///  |                              TSN                              |
///  +-------------------------------+-------------------------------+
///  |            stream             |           reserved            |
///  +-------------------------------+-------------------------------+
///  |                              MID                              |
///  +---------------------------------------------------------------+
///  |            PPID (B bit set) or FSN (B bit clear)              |
///  +---------------------------------------------------------------+
///  |                           user data                           |
///  +---------------------------------------------------------------+
struct IDataChunk {
  bool immediate = false;
  bool unordered = false;
  bool begin = false;
  bool end = false;
  Tsn tsn{};
  StreamId stream{};
  std::uint32_t mid = 0;
  std::uint32_t ppid_or_fsn = 0;
  Bytes payload{};

  /// The payload protocol identifier; valid in a first fragment only.
  [[nodiscard]] Ppid ppid() const { return Ppid{ppid_or_fsn}; }
  /// The fragment sequence number; a first fragment has the implicit number 0.
  [[nodiscard]] std::uint32_t fsn() const { return begin ? 0 : ppid_or_fsn; }

  /// `payload` borrows the bytes of the chunk.
  static Parsed<IDataChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk with padding.
  void write(ByteWriter& writer) const;
};

namespace detail {
/// The flags byte of a DATA or I-DATA chunk.
template <class Chunk>
[[nodiscard]] inline std::uint8_t data_flags(const Chunk& chunk) {
  return static_cast<std::uint8_t>((chunk.immediate ? 8U : 0U) | (chunk.unordered ? 4U : 0U) |
                                   (chunk.begin ? 2U : 0U) | (chunk.end ? 1U : 0U));
}
}  // namespace detail

/// Writes the header of a DATA chunk, without bounds checks, for the packet builder. `at` has kDataHeaderSize
/// bytes. Ignores chunk.payload: the caller appends `payload_size` bytes and the padding.
inline void write_data_header(std::byte* at, const DataChunk& chunk, std::size_t payload_size) {
  at[0] = static_cast<std::byte>(ChunkType::kData);
  at[1] = static_cast<std::byte>(detail::data_flags(chunk));
  store_be(at + 2, static_cast<std::uint16_t>(kDataHeaderSize + payload_size));
  store_be(at + 4, chunk.tsn.value());
  store_be(at + 8, chunk.stream.value());
  store_be(at + 10, chunk.ssn.value());
  store_be(at + 12, chunk.ppid.value());
}

/// Writes the header of an I-DATA chunk, without bounds checks. `at` has kIDataHeaderSize bytes. Ignores
/// chunk.payload: the caller appends `payload_size` bytes and the padding.
inline void write_data_header(std::byte* at, const IDataChunk& chunk, std::size_t payload_size) {
  at[0] = static_cast<std::byte>(ChunkType::kIData);
  at[1] = static_cast<std::byte>(detail::data_flags(chunk));
  store_be(at + 2, static_cast<std::uint16_t>(kIDataHeaderSize + payload_size));
  store_be(at + 4, chunk.tsn.value());
  store_be(at + 8, chunk.stream.value());
  store_be(at + 10, std::uint16_t{0});
  store_be(at + 12, chunk.mid);
  store_be(at + 16, chunk.ppid_or_fsn);
}

}  // namespace hawser::sctp::wire
