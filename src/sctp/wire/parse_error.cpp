#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

std::string_view to_string(ParseError error) {
  switch (error) {
    case ParseError::kPacketTooShort: return "packet_too_short";
    case ParseError::kChunkHeaderCut: return "chunk_header_cut";
    case ParseError::kChunkLengthTooSmall: return "chunk_length_too_small";
    case ParseError::kChunkOverrun: return "chunk_overrun";
    case ParseError::kWrongChunkType: return "wrong_chunk_type";
    case ParseError::kChunkSize: return "chunk_size";
    case ParseError::kListOverrun: return "list_overrun";
    case ParseError::kZeroTag: return "zero_tag";
    case ParseError::kParameterHeaderCut: return "parameter_header_cut";
    case ParseError::kParameterLengthTooSmall: return "parameter_length_too_small";
    case ParseError::kParameterOverrun: return "parameter_overrun";
    case ParseError::kParameterSize: return "parameter_size";
    case ParseError::kWrongParameterType: return "wrong_parameter_type";
    case ParseError::kMissingParameter: return "missing_parameter";
  }
  return "unknown";
}

}  // namespace hawser::sctp::wire
