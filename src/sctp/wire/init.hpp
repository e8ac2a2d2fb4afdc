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
/// An initiate tag of 0 does not parse (it has to be dropped silently). Zero streams do: they are answered by
/// an ABORT that needs the tag.
struct InitChunk {
  bool ack = false;
  VerificationTag initiate_tag{};
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  Tsn initial_tsn{};
  Bytes parameters{};

  static Parsed<InitChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

/// Everything INIT and INIT ACK can say in parameters, read in ONE pass that verifier and consumer share.
/// Borrows the chunk's bytes. Where a parameter that belongs there once comes twice, the first counts.
struct InitParameters {
  static constexpr std::size_t kMaxAddresses = 32;
  static constexpr std::size_t kMaxReports = 16;

  BoundedList<IpAddress, kMaxAddresses> addresses;   ///< IPv4 and IPv6, in the order of the chunk
  std::optional<ParameterView> cookie;               ///< State Cookie (INIT ACK)
  std::optional<std::uint32_t> cookie_preservative;  ///< milliseconds asked for (INIT)
  std::optional<ParameterView>
      host_name;  ///< deprecated: answered by ABORT, Unresolvable Address (§3.3.2.1.4)
  std::optional<ParameterView>
      supported_address_types;                        ///< 16-bit parameter types; see supports_address_type()
  std::optional<ParameterView> supported_extensions;  ///< chunk types; see supports()
  std::optional<std::uint32_t> adaptation_indication;
  std::optional<std::uint32_t> zero_checksum;  ///< RFC 9653: the error detection method identifier
  std::optional<ParameterView> protection;     ///< ours; see protection.hpp
  std::optional<ParameterView> access;         ///< ours (INIT)
  bool forward_tsn_supported = false;
  bool ecn_capable = false;

  /// RFC 4895 §3. The key vector is made of their `whole` bytes: with headers, without padding.
  std::optional<ParameterView> random;
  std::optional<ParameterView> chunk_list;
  std::optional<ParameterView> hmac_algorithms;

  /// Parameters not known here whose type asks for a report: send each back inside an Unrecognized Parameter
  /// (INIT ACK) or an Unrecognized Parameters cause.
  BoundedList<ParameterView, kMaxReports> unrecognized;
  /// An unknown type asked to stop: what followed it was not looked at.
  bool stopped = false;
  /// Contents of the Unrecognized Parameter parameters of an INIT ACK: what its sender did not know in the
  /// INIT. Received, it is about our own INIT; for the answer, it is the `unrecognized` of the INIT.
  BoundedList<ParameterView, kMaxReports> reports;

  static Parsed<InitParameters> parse(Bytes parameters);
  /// Writes all that is set, except `unrecognized` and `stopped`. The result has no padding after its last
  /// parameter.
  void write(ByteWriter& writer) const;

  /// Whether the Supported Extensions list the chunk type.
  [[nodiscard]] bool supports(ChunkType type) const;
  /// Whether the peer takes addresses of that parameter type; it takes all when it does not say (§3.3.2.1.5).
  [[nodiscard]] bool supports_address_type(ParameterType type) const;
  /// Whether the peer wants that chunk authenticated (RFC 4895 §3.2).
  [[nodiscard]] bool wants_authenticated(ChunkType type) const;
  /// The peer's HMAC identifiers in its order of preference (RFC 4895 §3.3).
  [[nodiscard]] WireList<std::uint16_t> hmac_identifiers() const;
};

}  // namespace hawser::sctp::wire
