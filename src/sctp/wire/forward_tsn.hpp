#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hawser/base/bytes.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// A stream whose ordered messages up to `ssn` were abandoned.
struct SkippedStream {
  StreamId stream{};
  Ssn ssn{};

  static constexpr std::size_t kWireSize = 4;
  /// Reads kWireSize bytes at `at`.
  static SkippedStream load(const std::byte* at) {
    return {StreamId{load_be<std::uint16_t>(at)}, Ssn{load_be<std::uint16_t>(at + 2)}};
  }
  /// Writes kWireSize bytes at `at`.
  void store(std::byte* at) const {
    store_be(at, stream.value());
    store_be(at + 2, ssn.value());
  }
  friend bool operator==(const SkippedStream&, const SkippedStream&) = default;
};

/// FORWARD TSN (RFC 3758 §3.2):
///
///  +---------------+---------------+-------------------------------+
///  |  type = 192   |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |                      new cumulative TSN                       |
///  +-------------------------------+-------------------------------+
///  |            stream             |              SSN              |  N times
///  +-------------------------------+-------------------------------+
struct ForwardTsnChunk {
  Tsn new_cumulative_tsn{};
  WireList<SkippedStream> skipped{};

  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<ForwardTsnChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
  /// Appends the chunk with list entries from memory.
  static void write(ByteWriter& writer, Tsn new_cumulative_tsn, std::span<const SkippedStream> skipped);
};

/// A stream whose ordered or unordered messages up to `mid` were abandoned.
struct SkippedMessage {
  StreamId stream{};
  bool unordered = false;
  std::uint32_t mid = 0;

  static constexpr std::size_t kWireSize = 8;
  /// Reads kWireSize bytes at `at`.
  static SkippedMessage load(const std::byte* at) {
    return {StreamId{load_be<std::uint16_t>(at)}, (load_be<std::uint16_t>(at + 2) & 1) != 0,
            load_be<std::uint32_t>(at + 4)};
  }
  /// Writes kWireSize bytes at `at`.
  void store(std::byte* at) const {
    store_be(at, stream.value());
    store_be(at + 2, static_cast<std::uint16_t>(unordered ? 1 : 0));
    store_be(at + 4, mid);
  }
  friend bool operator==(const SkippedMessage&, const SkippedMessage&) = default;
};

/// I-FORWARD-TSN (RFC 8260 §2.3.1):
///
///  +---------------+---------------+-------------------------------+
///  |  type = 194   |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |                      new cumulative TSN                       |
///  +-------------------------------+-----------------------------+-+
///  |            stream             |          reserved           |U|
///  +-------------------------------+-----------------------------+-+  N times
///  |                              MID                              |
///  +---------------------------------------------------------------+
struct IForwardTsnChunk {
  Tsn new_cumulative_tsn{};
  WireList<SkippedMessage> skipped{};

  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<IForwardTsnChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
  /// Appends the chunk with list entries from memory.
  static void write(ByteWriter& writer, Tsn new_cumulative_tsn, std::span<const SkippedMessage> skipped);
};

}  // namespace hawser::sctp::wire
