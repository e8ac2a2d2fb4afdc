#pragma once

#include <cstdint>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parameter.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// ASCONF (RFC 5061 §4.1.1):
///
///  +---------------+---------------+-------------------------------+
///  |  type = 193   |   reserved    |            length             |
///  +---------------+---------------+-------------------------------+
///  |                         serial number                         |
///  +---------------------------------------------------------------+
///  |             address parameter (8 or 20 bytes)                 |
///  +---------------------------------------------------------------+
///  |                      request parameters                       |
///  +---------------------------------------------------------------+
///
/// The lookup address may be the wildcard of either family.
struct AsconfChunk {
  std::uint32_t serial = 0;
  IpAddress lookup_address{};
  Bytes requests{};

  /// Walks the request parameters.
  [[nodiscard]] ParameterReader request_reader() const { return ParameterReader(requests); }
  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<AsconfChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// Add IP Address (0xC001), Delete IP Address (0xC002) and Set Primary IP Address (0xC004), RFC 5061 §4.2.1,
/// §4.2.2, §4.2.4:
///
///  +-------------------------------+-------------------------------+
///  |             type              |            length             |
///  +-------------------------------+-------------------------------+
///  |                        correlation ID                         |
///  +---------------------------------------------------------------+
///  |                       address parameter                       |
///  +---------------------------------------------------------------+
struct AsconfRequest {
  ParameterType type = ParameterType::kAddIpAddress;  ///< one of the three types above
  std::uint32_t correlation_id = 0;
  IpAddress address{};

  /// Parses a parameter of this type.
  static Parsed<AsconfRequest> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
};

/// The correlation ID of a request parameter of any type, known or unknown, for the response to it.
[[nodiscard]] Parsed<std::uint32_t> parse_correlation_id(const ParameterView& parameter);

/// ASCONF-ACK (RFC 5061 §4.1.2):
///
///  +---------------+---------------+-------------------------------+
///  |  type = 128   |   reserved    |            length             |
///  +---------------+---------------+-------------------------------+
///  |                         serial number                         |
///  +---------------------------------------------------------------+
///  |                zero or more response parameters               |
///  +---------------------------------------------------------------+
struct AsconfAckChunk {
  std::uint32_t serial = 0;
  Bytes responses{};

  /// Walks the response parameters.
  [[nodiscard]] ParameterReader response_reader() const { return ParameterReader(responses); }
  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<AsconfAckChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// Success Indication (0xC005) and Error Cause Indication (0xC003), RFC 5061 §4.2.5, §4.2.3:
///
///  +-------------------------------+-------------------------------+
///  |             type              |            length             |
///  +-------------------------------+-------------------------------+
///  |                        correlation ID                         |
///  +---------------------------------------------------------------+
///  |                 causes (Error Cause Indication)               |
///  +---------------------------------------------------------------+
struct AsconfResponse {
  std::uint32_t correlation_id = 0;
  bool success = true;
  Bytes causes{};  ///< empty on success

  /// Walks the error causes.
  [[nodiscard]] CauseReader cause_reader() const { return CauseReader(causes); }
  /// Parses a parameter of this type; borrows its bytes.
  static Parsed<AsconfResponse> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
  /// Appends an Error Cause Indication with one cause, which quotes the failed request.
  static void write_error(ByteWriter& writer, std::uint32_t correlation_id, CauseCode code,
                          Bytes failed_request);
};

}  // namespace hawser::sctp::wire
