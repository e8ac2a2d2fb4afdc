#pragma once

#include <cstdint>
#include <span>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/parameter.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// An error cause in place (RFC 9260 §3.3.10); TlvView has the diagram. Causes without a struct below have no
/// fields: their value is free bytes, or empty.
using CauseView = TlvView;
/// Walks several error causes.
using CauseReader = TlvReader;

/// Appends a cause whose value is already serialised, in particular:
///  - Unrecognized Chunk Type (6): the chunk, header included;
///  - Unresolvable Address (5), Unrecognized Parameters (8), Restart with New Addresses (11): parameters,
///  headers included;
///  - User-Initiated Abort (12): the upper layer's reason; Protocol Violation (13): additional information;
///  - the causes 0xA0 to 0xA4 of RFC 5061: the ASCONF parameter that failed;
///  - Out of Resource (4), Invalid Mandatory Parameter (7), Cookie Received While Shutting Down (10):
///  empty.
void write_cause(ByteWriter& writer, CauseCode code, Bytes value = {});

/// Invalid Stream Identifier (1), §3.3.10.1: stream (16 bits), reserved (16 bits).
struct InvalidStreamCause {
  StreamId stream{};

  /// Parses a cause of this type.
  static Parsed<InvalidStreamCause> parse(const CauseView& cause);
  /// Appends the cause.
  void write(ByteWriter& writer) const;
};

/// Missing Mandatory Parameter (2), §3.3.10.2: number of types (32 bits), then the parameter types (16 bits
/// each).
struct MissingParameterCause {
  WireList<std::uint16_t> types{};

  /// Parses a cause of this type; borrows its bytes.
  static Parsed<MissingParameterCause> parse(const CauseView& cause);
  /// Appends the cause.
  void write(ByteWriter& writer) const;
  /// Appends the cause with list entries from memory.
  static void write(ByteWriter& writer, std::span<const ParameterType> types);
};

/// Stale Cookie (3), §3.3.10.3: microseconds since the cookie expired (32 bits).
struct StaleCookieCause {
  std::uint32_t staleness_us = 0;

  /// Parses a cause of this type.
  static Parsed<StaleCookieCause> parse(const CauseView& cause);
  /// Appends the cause.
  void write(ByteWriter& writer) const;
};

/// No User Data (9), §3.3.10.9: TSN of the DATA chunk that has no user data.
struct NoUserDataCause {
  Tsn tsn{};

  /// Parses a cause of this type.
  static Parsed<NoUserDataCause> parse(const CauseView& cause);
  /// Appends the cause.
  void write(ByteWriter& writer) const;
};

/// Unsupported HMAC Identifier (0x0105), RFC 4895 §4: the identifier (16 bits).
struct UnsupportedHmacCause {
  std::uint16_t identifier = 0;

  /// Parses a cause of this type.
  static Parsed<UnsupportedHmacCause> parse(const CauseView& cause);
  /// Appends the cause.
  void write(ByteWriter& writer) const;
};

/// Appends Restart of an Association with New Addresses (11), §3.3.10.11: the new addresses as address
/// parameters.
void write_restart_cause(ByteWriter& writer, std::span<const IpAddress> new_addresses);

}  // namespace hawser::sctp::wire
