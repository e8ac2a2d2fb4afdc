#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hawser/base/result.hpp"

namespace hawser::sctp::wire {

/// Why bytes from the network are not what they claim to be. Each reason has a name, so that a counter can be
/// kept for it.
enum class ParseError : std::uint8_t {
  kPacketTooShort,           ///< fewer than 12 bytes
  kChunkHeaderCut,           ///< 1 to 3 bytes where a chunk header should be
  kChunkLengthTooSmall,      ///< a chunk length below 4: zero-length chunks among them
  kChunkOverrun,             ///< a chunk length beyond the end of the packet
  kWrongChunkType,           ///< the chunk was handed to the parser of another type
  kChunkSize,                ///< the chunk's value does not have the size its type needs
  kListOverrun,              ///< a count in the chunk promises more entries than there are
  kZeroTag,                  ///< INIT or INIT ACK with Initiate Tag 0 (RFC 9260 §3.3.2: drop silently)
  kParameterHeaderCut,       ///< 1 to 3 bytes where a parameter or cause header should be
  kParameterLengthTooSmall,  ///< a parameter or cause length below 4
  kParameterOverrun,         ///< a parameter or cause length beyond the end of its chunk
  kParameterSize,            ///< a known parameter or cause of the wrong size
  kWrongParameterType,       ///< another parameter or cause than the one that belongs here
  kMissingParameter,         ///< a parameter without which the chunk means nothing is absent
};
inline constexpr std::size_t kParseErrorCount = 14;

/// Lower-case snake_case name, for logs and counters.
[[nodiscard]] std::string_view to_string(ParseError error);

template <class T>
using Parsed = Result<T, ParseError>;

}  // namespace hawser::sctp::wire
