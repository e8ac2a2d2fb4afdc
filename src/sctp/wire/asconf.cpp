#include "sctp/wire/asconf.hpp"

namespace hawser::sctp::wire {
namespace {

// Reads the next parameter, which must be an address.
Parsed<IpAddress> take_address(ParameterReader& reader) {
  const auto parameter = reader.next();
  if (reader.error()) return *reader.error();
  if (!parameter) return ParseError::kMissingParameter;
  return parse_address(*parameter);
}

bool is_request(ParameterType type) {
  return type == ParameterType::kAddIpAddress || type == ParameterType::kDeleteIpAddress ||
         type == ParameterType::kSetPrimaryAddress;
}

}  // namespace

Parsed<AsconfChunk> AsconfChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kAsconf)) return ParseError::kWrongChunkType;
  if (chunk.value.size() < 4) return ParseError::kChunkSize;
  ParameterReader reader(chunk.value.subspan(4));
  const Parsed<IpAddress> address = take_address(reader);
  if (!address) return address.error();
  return AsconfChunk{load_be<std::uint32_t>(chunk.value.data()), *address, reader.rest()};
}

void AsconfChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kAsconf);
  writer.u32(serial);
  write_address(writer, lookup_address);
  writer.bytes(requests);
}

Parsed<std::uint32_t> parse_correlation_id(const ParameterView& parameter) {
  if (parameter.value.size() < 4) return ParseError::kParameterSize;
  return load_be<std::uint32_t>(parameter.value.data());
}

Parsed<AsconfRequest> AsconfRequest::parse(const ParameterView& parameter) {
  if (!is_request(parameter.parameter_type())) return ParseError::kWrongParameterType;
  const Parsed<std::uint32_t> correlation_id = parse_correlation_id(parameter);
  if (!correlation_id) return correlation_id.error();
  ParameterReader reader(parameter.value.subspan(4));
  const Parsed<IpAddress> address = take_address(reader);
  if (!address) return address.error();
  if (!reader.rest().empty()) return ParseError::kParameterSize;
  return AsconfRequest{parameter.parameter_type(), *correlation_id, *address};
}

void AsconfRequest::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, type);
  writer.u32(correlation_id);
  write_address(writer, address);
}

Parsed<AsconfAckChunk> AsconfAckChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kAsconfAck)) return ParseError::kWrongChunkType;
  if (chunk.value.size() < 4) return ParseError::kChunkSize;
  return AsconfAckChunk{load_be<std::uint32_t>(chunk.value.data()), chunk.value.subspan(4)};
}

void AsconfAckChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kAsconfAck);
  writer.u32(serial);
  writer.bytes(responses);
}

Parsed<AsconfResponse> AsconfResponse::parse(const ParameterView& parameter) {
  const bool success = parameter.is(ParameterType::kSuccessIndication);
  if (!success && !parameter.is(ParameterType::kErrorCauseIndication)) return ParseError::kWrongParameterType;
  const Parsed<std::uint32_t> correlation_id = parse_correlation_id(parameter);
  if (!correlation_id) return correlation_id.error();
  if (success && parameter.value.size() != 4) return ParseError::kParameterSize;
  return AsconfResponse{*correlation_id, success, parameter.value.subspan(4)};
}

void AsconfResponse::write(ByteWriter& writer) const {
  const ParameterScope scope(
      writer, success ? ParameterType::kSuccessIndication : ParameterType::kErrorCauseIndication);
  writer.u32(correlation_id);
  writer.bytes(causes);
}

void AsconfResponse::write_error(ByteWriter& writer, std::uint32_t correlation_id, CauseCode code,
                                 Bytes failed_request) {
  const ParameterScope scope(writer, ParameterType::kErrorCauseIndication);
  writer.u32(correlation_id);
  write_cause(writer, code, failed_request);
}

}  // namespace hawser::sctp::wire
