#include "sctp/wire/reconfig.hpp"

namespace hawser::sctp::wire {
namespace {

// The rest of a parameter as stream identifiers; with an odd size the last one is incomplete.
Parsed<StreamList> take_streams(ByteReader& reader) {
  if (!reader.ok() || reader.remaining() % 2 != 0) return ParseError::kParameterSize;
  return StreamList(reader.take_rest());
}

void write_fields(ByteWriter& writer, const OutgoingResetRequest& fields) {
  writer.u32(fields.request_sequence);
  writer.u32(fields.response_sequence);
  writer.u32(fields.last_assigned_tsn);
}

}  // namespace

Parsed<ReconfigChunk> ReconfigChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kReconfig)) return ParseError::kWrongChunkType;
  return ReconfigChunk{chunk.value};
}

void ReconfigChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kReconfig);
  writer.bytes(parameters);
}

Parsed<OutgoingResetRequest> OutgoingResetRequest::parse(const ParameterView& parameter) {
  if (!parameter.is(ParameterType::kOutgoingSsnReset)) return ParseError::kWrongParameterType;
  ByteReader reader(parameter.value);
  OutgoingResetRequest request;
  request.request_sequence = reader.u32();
  request.response_sequence = reader.u32();
  request.last_assigned_tsn = reader.u32();
  const Parsed<StreamList> streams = take_streams(reader);
  if (!streams) return streams.error();
  request.streams = *streams;
  return request;
}

void OutgoingResetRequest::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, ParameterType::kOutgoingSsnReset);
  write_fields(writer, *this);
  writer.bytes(streams.bytes());
}

void OutgoingResetRequest::write(ByteWriter& writer, const OutgoingResetRequest& fields,
                                 std::span<const std::uint16_t> streams) {
  const ParameterScope scope(writer, ParameterType::kOutgoingSsnReset);
  write_fields(writer, fields);
  write_list(writer, streams);
}

Parsed<IncomingResetRequest> IncomingResetRequest::parse(const ParameterView& parameter) {
  if (!parameter.is(ParameterType::kIncomingSsnReset)) return ParseError::kWrongParameterType;
  ByteReader reader(parameter.value);
  const std::uint32_t request_sequence = reader.u32();
  const Parsed<StreamList> streams = take_streams(reader);
  if (!streams) return streams.error();
  return IncomingResetRequest{request_sequence, *streams};
}

void IncomingResetRequest::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, ParameterType::kIncomingSsnReset);
  writer.u32(request_sequence);
  writer.bytes(streams.bytes());
}

void IncomingResetRequest::write(ByteWriter& writer, std::uint32_t request_sequence,
                                 std::span<const std::uint16_t> streams) {
  const ParameterScope scope(writer, ParameterType::kIncomingSsnReset);
  writer.u32(request_sequence);
  write_list(writer, streams);
}

Parsed<SsnTsnResetRequest> SsnTsnResetRequest::parse(const ParameterView& parameter) {
  if (!parameter.is(ParameterType::kSsnTsnReset)) return ParseError::kWrongParameterType;
  if (parameter.value.size() != 4) return ParseError::kParameterSize;
  return SsnTsnResetRequest{load_be<std::uint32_t>(parameter.value.data())};
}

void SsnTsnResetRequest::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, ParameterType::kSsnTsnReset);
  writer.u32(request_sequence);
}

Parsed<ReconfigResponse> ReconfigResponse::parse(const ParameterView& parameter) {
  if (!parameter.is(ParameterType::kReconfigResponse)) return ParseError::kWrongParameterType;
  if (parameter.value.size() != 8 && parameter.value.size() != 16) return ParseError::kParameterSize;
  ByteReader reader(parameter.value);
  ReconfigResponse response;
  response.response_sequence = reader.u32();
  response.result = static_cast<ReconfigResult>(reader.u32());
  if (!reader.empty()) {
    const std::uint32_t sender = reader.u32();
    response.next_tsns = NextTsns{sender, reader.u32()};
  }
  return response;
}

void ReconfigResponse::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, ParameterType::kReconfigResponse);
  writer.u32(response_sequence);
  writer.u32(static_cast<std::uint32_t>(result));
  if (!next_tsns) return;
  writer.u32(next_tsns->sender);
  writer.u32(next_tsns->receiver);
}

Parsed<AddStreamsRequest> AddStreamsRequest::parse(const ParameterView& parameter) {
  const bool incoming = parameter.is(ParameterType::kAddIncomingStreams);
  if (!incoming && !parameter.is(ParameterType::kAddOutgoingStreams)) return ParseError::kWrongParameterType;
  if (parameter.value.size() != 8) return ParseError::kParameterSize;
  const std::byte* at = parameter.value.data();
  return AddStreamsRequest{incoming, load_be<std::uint32_t>(at), load_be<std::uint16_t>(at + 4)};
}

void AddStreamsRequest::write(ByteWriter& writer) const {
  const ParameterScope scope(
      writer, incoming ? ParameterType::kAddIncomingStreams : ParameterType::kAddOutgoingStreams);
  writer.u32(request_sequence);
  writer.u16(new_streams);
  writer.u16(0);
}

}  // namespace hawser::sctp::wire
