#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hawser/base/result.hpp"

namespace hawser::sctp::wire {

/// Why bytes from the network do not parse. Each reason has a name for its counter.
enum class ParseError : std::uint8_t {
  kPacketTooShort,           ///< fewer than 12 bytes
  kChunkHeaderCut,           ///< 1 to 3 bytes where a chunk header should be
  kChunkLengthTooSmall,      ///< a chunk length below 4, zero included
  kChunkOverrun,             ///< a chunk length beyond the end of the packet
  kWrongChunkType,           ///< the chunk was given to the parser of another type
  kChunkSize,                ///< the chunk's value does not have the size that its type requires
  kListOverrun,              ///< a count in the chunk is larger than the number of entries
  kZeroTag,                  ///< INIT or INIT ACK with Initiate Tag 0 (RFC 9260 §3.3.2: drop silently)
  kParameterHeaderCut,       ///< 1 to 3 bytes where a parameter or cause header should be
  kParameterLengthTooSmall,  ///< a parameter or cause length below 4
  kParameterOverrun,         ///< a parameter or cause length beyond the end of its chunk
  kParameterSize,            ///< a known parameter or cause of the wrong size
  kWrongParameterType,       ///< not the parameter or cause that is expected here
  kMissingParameter,         ///< a mandatory parameter is absent
};
/// The number of enumerators of ParseError.
inline constexpr std::size_t kParseErrorCount = 14;

/// The name in snake_case, for logs and counters.
[[nodiscard]] std::string_view to_string(ParseError error);

/// A parsed value, or the reason why there is none.
template <class T>
using Parsed = Result<T, ParseError>;

}  // namespace hawser::sctp::wire
