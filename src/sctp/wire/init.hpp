#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parameter.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3):
///
///   0                   1                   2                   3
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///  +---------------+---------------+-------------------------------+
///  | type = 1 or 2 |     flags     |            length             |
///  +---------------+---------------+-------------------------------+
///  |                         initiate tag                          |
///  +---------------------------------------------------------------+
///  |                            a_rwnd                             |
///  +-------------------------------+-------------------------------+
///  |       outbound streams        |        inbound streams        |
///  +-------------------------------+-------------------------------+
///  |                          initial TSN                          |
///  +---------------------------------------------------------------+
///  |                          parameters                           |
///  +---------------------------------------------------------------+
///
/// An initiate tag of 0 does not parse: the chunk is dropped without an answer. Zero streams parse: the
/// answer is an ABORT, which needs the tag.
struct InitChunk {
  bool ack = false;
  VerificationTag initiate_tag{};
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  Tsn initial_tsn{};
  Bytes parameters{};

  /// Whether an association can come of it: streams in both directions, and a receive window of at least 1500
  /// bytes (RFC 9260 §3.3.2).
  [[nodiscard]] bool has_streams_and_window() const {
    constexpr std::uint32_t kMinReceiveWindow = 1500;
    return outbound_streams != 0 && inbound_streams != 0 && a_rwnd >= kMinReceiveWindow;
  }

  /// `parameters` borrows the bytes of the chunk.
  static Parsed<InitChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk.
  void write(ByteWriter& writer) const;
};

/// All parameters of INIT and INIT ACK, checked and read in one pass. Borrows the bytes of the chunk. Of a
/// repeated parameter that may occur once, the first counts.
struct InitParameters {
  static constexpr std::size_t kMaxAddresses = 32;  ///< further ones are only counted
  static constexpr std::size_t kMaxReports = 16;    ///< further ones are only counted

  BoundedList<IpAddress, kMaxAddresses> addresses;   ///< IPv4 and IPv6, in the order of the chunk
  std::optional<ParameterView> cookie;               ///< State Cookie (INIT ACK)
  std::optional<std::uint32_t> cookie_preservative;  ///< requested milliseconds (INIT)
  /// Deprecated: answered by ABORT with Unresolvable Address (§3.3.2.1.4).
  std::optional<ParameterView> host_name;
  /// 16-bit parameter types; see supports_address_type().
  std::optional<ParameterView> supported_address_types;
  std::optional<ParameterView> supported_extensions;   ///< chunk types; see supports()
  std::optional<std::uint32_t> adaptation_indication;  ///< RFC 5061 §4.2.6
  std::optional<std::uint32_t> zero_checksum;          ///< RFC 9653: the error detection method identifier
  std::optional<ParameterView> protection;             ///< of this project; see sealed_chunk.hpp
  std::optional<ParameterView> access;                 ///< of this project (INIT)
  bool forward_tsn_supported = false;
  bool ecn_capable = false;

  /// RANDOM, CHUNKS and HMAC-ALGO (RFC 4895 §3). Their `whole` bytes, with headers and without padding, make
  /// the key vector.
  std::optional<ParameterView> random;
  std::optional<ParameterView> chunk_list;
  std::optional<ParameterView> hmac_algorithms;

  /// Unknown parameters whose type requests a report. Each is returned inside an Unrecognized Parameter
  /// (INIT ACK) or an Unrecognized Parameters cause.
  BoundedList<ParameterView, kMaxReports> unrecognized;
  /// An unknown type requested to stop: the parameters behind it were not read.
  bool stopped = false;
  /// Contents of the Unrecognized Parameter parameters of an INIT ACK: the parameters of the INIT that its
  /// sender does not know. In a received INIT ACK they are from the INIT of this end; to write one, set them
  /// to the `unrecognized` of the peer's INIT.
  BoundedList<ParameterView, kMaxReports> reports;

  /// `parameters` is InitChunk::parameters.
  static Parsed<InitParameters> parse(Bytes parameters);
  /// Writes all that is set, except `unrecognized` and `stopped`. The result has no padding after its last
  /// parameter.
  void write(ByteWriter& writer) const;

  /// Whether the peer lists the chunk type in its Supported Extensions.
  [[nodiscard]] bool supports(ChunkType type) const;
  /// Whether the peer accepts addresses of that parameter type. Without a list it accepts all (§3.3.2.1.5).
  [[nodiscard]] bool supports_address_type(ParameterType type) const;
  /// Whether the peer requires AUTH before that chunk type (RFC 4895 §3.2).
  [[nodiscard]] bool wants_authenticated(ChunkType type) const;
  /// The peer's HMAC identifiers in its order of preference (RFC 4895 §3.3).
  [[nodiscard]] WireList<std::uint16_t> hmac_identifiers() const;
};

}  // namespace hawser::sctp::wire
