#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "sctp/wire/wire.hpp"

/// Parses a chunk as deep as the wire layer can, and writes the result. Used by the unit tests and by the
/// fuzz target: the result must parse, and must not change when it is rewritten again.
namespace hawser::sctp::wire::testing {

using Failure = std::optional<ParseError>;

/// Memory for the parameters of one chunk while they are rewritten.
class Scratch {
 public:
  ByteWriter& writer() { return writer_; }
  [[nodiscard]] Bytes bytes() const { return writer_.written(); }

 private:
  static constexpr std::size_t kSize = 65'536;
  std::unique_ptr<std::byte[]> room_ = std::make_unique_for_overwrite<std::byte[]>(kSize);
  ByteWriter writer_{MutableBytes(room_.get(), kSize)};
};

/// Copies a parameter or cause unchanged.
inline void copy_tlv(ByteWriter& writer, const TlvView& tlv) {
  writer.pad4();
  writer.bytes(tlv.whole);
}

template <class Element>
void rewrite_or_copy(ByteWriter& writer, const TlvView& tlv) {
  if (const auto parsed = Element::parse(tlv)) {
    parsed->write(writer);
  } else {
    copy_tlv(writer, tlv);
  }
}

inline void rewrite_cause(ByteWriter& writer, const CauseView& cause) {
  switch (cause.cause_code()) {
    case CauseCode::kInvalidStreamIdentifier: return rewrite_or_copy<InvalidStreamCause>(writer, cause);
    case CauseCode::kMissingMandatoryParameter: return rewrite_or_copy<MissingParameterCause>(writer, cause);
    case CauseCode::kStaleCookie: return rewrite_or_copy<StaleCookieCause>(writer, cause);
    case CauseCode::kNoUserData: return rewrite_or_copy<NoUserDataCause>(writer, cause);
    case CauseCode::kUnsupportedHmacIdentifier: return rewrite_or_copy<UnsupportedHmacCause>(writer, cause);
    default: return copy_tlv(writer, cause);
  }
}

inline void rewrite_request(ByteWriter& writer, const ParameterView& parameter) {
  rewrite_or_copy<AsconfRequest>(writer, parameter);
}

inline void rewrite_reconfig(ByteWriter& writer, const ParameterView& parameter) {
  switch (parameter.parameter_type()) {
    case ParameterType::kOutgoingSsnReset: return rewrite_or_copy<OutgoingResetRequest>(writer, parameter);
    case ParameterType::kIncomingSsnReset: return rewrite_or_copy<IncomingResetRequest>(writer, parameter);
    case ParameterType::kSsnTsnReset: return rewrite_or_copy<SsnTsnResetRequest>(writer, parameter);
    case ParameterType::kReconfigResponse: return rewrite_or_copy<ReconfigResponse>(writer, parameter);
    default: return rewrite_or_copy<AddStreamsRequest>(writer, parameter);
  }
}

template <class Rewrite>
Failure rewrite_all(TlvReader reader, ByteWriter& writer, Rewrite rewrite_one) {
  while (const auto tlv = reader.next()) rewrite_one(writer, *tlv);
  return reader.error();
}

inline void rewrite_response(ByteWriter& writer, const ParameterView& parameter) {
  auto response = AsconfResponse::parse(parameter);
  if (!response) return copy_tlv(writer, parameter);
  Scratch causes;
  if (rewrite_all(response->cause_reader(), causes.writer(), rewrite_cause))
    return copy_tlv(writer, parameter);
  response->causes = causes.bytes();
  response->write(writer);
}

template <class Chunk>
Failure rewrite_flat(const ChunkView& view, ByteWriter& writer) {
  const auto chunk = Chunk::parse(view);
  if (!chunk) return chunk.error();
  chunk->write(writer);
  return std::nullopt;
}

/// Rewrites a chunk with parameters or causes in `field`.
template <class Chunk, class Rewrite>
Failure rewrite_deep(const ChunkView& view, ByteWriter& writer, Bytes Chunk::*field, Rewrite rewrite_one) {
  auto chunk = Chunk::parse(view);
  if (!chunk) return chunk.error();
  Scratch inner;
  if (const Failure failure = rewrite_all(TlvReader((*chunk).*field), inner.writer(), rewrite_one))
    return failure;
  (*chunk).*field = inner.bytes();
  chunk->write(writer);
  return std::nullopt;
}

inline Failure rewrite_init(const ChunkView& view, ByteWriter& writer) {
  auto init = InitChunk::parse(view);
  if (!init) return init.error();
  const auto parameters = InitParameters::parse(init->parameters);
  if (!parameters) return parameters.error();
  Scratch inner;
  parameters->write(inner.writer());
  init->parameters = inner.bytes();
  init->write(writer);
  return std::nullopt;
}

/// Copies the lists element by element, so that each element is read.
inline Failure rewrite_path_ack(const ChunkView& view, ByteWriter& writer) {
  const auto ack = PathAckChunk::parse(view);
  if (!ack) return ack.error();
  std::vector<PathAckEntry> entries(ack->entries.begin(), ack->entries.end());
  write_path_ack(writer, ack->sent_at_us, entries);
  return std::nullopt;
}

inline Failure rewrite_sack(const ChunkView& view, ByteWriter& writer) {
  const auto sack = SackChunk::parse(view);
  if (!sack) return sack.error();
  const std::vector<GapBlock> gaps(sack->gaps.begin(), sack->gaps.end());
  const std::vector<Tsn> duplicates(sack->duplicates.begin(), sack->duplicates.end());
  write_sack(writer, *sack, gaps, duplicates);
  return std::nullopt;
}

inline Failure rewrite_nr_sack(const ChunkView& view, ByteWriter& writer) {
  const auto sack = NrSackChunk::parse(view);
  if (!sack) return sack.error();
  const std::vector<GapBlock> gaps(sack->gaps.begin(), sack->gaps.end());
  const std::vector<GapBlock> firm(sack->non_renegable_gaps.begin(), sack->non_renegable_gaps.end());
  const std::vector<Tsn> duplicates(sack->duplicates.begin(), sack->duplicates.end());
  write_nr_sack(writer, *sack, gaps, firm, duplicates);
  return std::nullopt;
}

template <class Chunk, class Skipped>
Failure rewrite_forward_tsn(const ChunkView& view, ByteWriter& writer) {
  const auto chunk = Chunk::parse(view);
  if (!chunk) return chunk.error();
  const std::vector<Skipped> skipped(chunk->skipped.begin(), chunk->skipped.end());
  Chunk::write(writer, chunk->new_cumulative_tsn, skipped);
  return std::nullopt;
}

/// Unknown types fail with kWrongChunkType.
inline Failure rewrite(const ChunkView& view, ByteWriter& writer) {
  switch (view.chunk_type()) {
    case ChunkType::kData: return rewrite_flat<DataChunk>(view, writer);
    case ChunkType::kInit:
    case ChunkType::kInitAck: return rewrite_init(view, writer);
    case ChunkType::kSack: return rewrite_sack(view, writer);
    case ChunkType::kHeartbeat:
    case ChunkType::kHeartbeatAck: return rewrite_flat<HeartbeatChunk>(view, writer);
    case ChunkType::kAbort: return rewrite_deep(view, writer, &AbortChunk::causes, rewrite_cause);
    case ChunkType::kShutdown: return rewrite_flat<ShutdownChunk>(view, writer);
    case ChunkType::kShutdownAck: return rewrite_flat<ShutdownAckChunk>(view, writer);
    case ChunkType::kError: return rewrite_deep(view, writer, &ErrorChunk::causes, rewrite_cause);
    case ChunkType::kCookieEcho: return rewrite_flat<CookieEchoChunk>(view, writer);
    case ChunkType::kCookieAck: return rewrite_flat<CookieAckChunk>(view, writer);
    case ChunkType::kEcne: return rewrite_flat<EcneChunk>(view, writer);
    case ChunkType::kCwr: return rewrite_flat<CwrChunk>(view, writer);
    case ChunkType::kShutdownComplete: return rewrite_flat<ShutdownCompleteChunk>(view, writer);
    case ChunkType::kAuth: return rewrite_flat<AuthChunk>(view, writer);
    case ChunkType::kNrSack: return rewrite_nr_sack(view, writer);
    case ChunkType::kIData: return rewrite_flat<IDataChunk>(view, writer);
    case ChunkType::kAsconfAck:
      return rewrite_deep(view, writer, &AsconfAckChunk::responses, rewrite_response);
    case ChunkType::kReconfig:
      return rewrite_deep(view, writer, &ReconfigChunk::parameters, rewrite_reconfig);
    case ChunkType::kSealed:
    case ChunkType::kHandshakeMac: return ParseError::kWrongChunkType;  // processed with the whole packet
    case ChunkType::kPad: return rewrite_flat<PadChunk>(view, writer);
    case ChunkType::kPathAck: return rewrite_path_ack(view, writer);
    case ChunkType::kForwardTsn: return rewrite_forward_tsn<ForwardTsnChunk, SkippedStream>(view, writer);
    case ChunkType::kAsconf: return rewrite_deep(view, writer, &AsconfChunk::requests, rewrite_request);
    case ChunkType::kIForwardTsn: return rewrite_forward_tsn<IForwardTsnChunk, SkippedMessage>(view, writer);
  }
  return ParseError::kWrongChunkType;
}

}  // namespace hawser::sctp::wire::testing
