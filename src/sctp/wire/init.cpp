#include "sctp/wire/init.hpp"

namespace hawser::sctp::wire {
namespace {

using Failure = std::optional<ParseError>;

void keep_first(std::optional<ParameterView>& slot, const ParameterView& parameter) {
  if (!slot) slot = parameter;
}

Failure keep_first(std::optional<std::uint32_t>& slot, const ParameterView& parameter) {
  if (parameter.value.size() != 4) return ParseError::kParameterSize;
  if (!slot) slot = load_be<std::uint32_t>(parameter.value.data());
  return std::nullopt;
}

Failure set_flag(bool& flag, const ParameterView& parameter) {
  if (!parameter.value.empty()) return ParseError::kParameterSize;
  flag = true;
  return std::nullopt;
}

// A list of 16-bit numbers: an odd size is an error.
Failure keep_list16(std::optional<ParameterView>& slot, const ParameterView& parameter) {
  if (parameter.value.size() % 2 != 0) return ParseError::kParameterSize;
  keep_first(slot, parameter);
  return std::nullopt;
}

Failure add_address(InitParameters& out, const ParameterView& parameter) {
  const Parsed<IpAddress> address = parse_address(parameter);
  if (!address) return address.error();
  out.addresses.push_back(*address);
  return std::nullopt;
}

// The content of an Unrecognized Parameter is a parameter itself. A malformed one is ignored: the association
// does not depend on it.
void add_report(InitParameters& out, const ParameterView& parameter) {
  ParameterReader reader(parameter.value);
  while (const auto quoted = reader.next()) out.reports.push_back(*quoted);
}

void handle_unknown(InitParameters& out, const ParameterView& parameter) {
  const UnknownAction action = unknown_parameter_action(parameter.type);
  if (reports(action)) out.unrecognized.push_back(parameter);
  out.stopped = stops(action);
}

Failure read(InitParameters& out, const ParameterView& parameter) {
  switch (parameter.parameter_type()) {
    case ParameterType::kIpv4Address:
    case ParameterType::kIpv6Address: return add_address(out, parameter);
    case ParameterType::kCookiePreservative: return keep_first(out.cookie_preservative, parameter);
    case ParameterType::kAdaptationIndication: return keep_first(out.adaptation_indication, parameter);
    case ParameterType::kZeroChecksumAcceptable: return keep_first(out.zero_checksum, parameter);
    case ParameterType::kForwardTsnSupported: return set_flag(out.forward_tsn_supported, parameter);
    case ParameterType::kEcnCapable: return set_flag(out.ecn_capable, parameter);
    case ParameterType::kSupportedAddressTypes: return keep_list16(out.supported_address_types, parameter);
    case ParameterType::kRequestedHmacAlgorithm: return keep_list16(out.hmac_algorithms, parameter);
    case ParameterType::kStateCookie: keep_first(out.cookie, parameter); break;
    case ParameterType::kHostNameAddress: keep_first(out.host_name, parameter); break;
    case ParameterType::kSupportedExtensions: keep_first(out.supported_extensions, parameter); break;
    case ParameterType::kRandom: keep_first(out.random, parameter); break;
    case ParameterType::kChunkList: keep_first(out.chunk_list, parameter); break;
    case ParameterType::kProtection: keep_first(out.protection, parameter); break;
    case ParameterType::kAccess: keep_first(out.access, parameter); break;
    case ParameterType::kUnrecognizedParameter: add_report(out, parameter); break;
    case ParameterType::kPadding: break;
    default: handle_unknown(out, parameter); break;
  }
  return std::nullopt;
}

void write_optional(ByteWriter& writer, ParameterType type, const std::optional<ParameterView>& parameter) {
  if (parameter) write_parameter(writer, type, parameter->value);
}

void write_optional(ByteWriter& writer, ParameterType type, std::optional<std::uint32_t> number) {
  if (!number) return;
  const ParameterScope scope(writer, type);
  writer.u32(*number);
}

bool lists_chunk(const std::optional<ParameterView>& parameter, ChunkType type) {
  return parameter && WireList<std::uint8_t>(parameter->value).contains(static_cast<std::uint8_t>(type));
}

}  // namespace

Parsed<InitChunk> InitChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kInit) && !chunk.is(ChunkType::kInitAck)) return ParseError::kWrongChunkType;
  ByteReader reader(chunk.value);
  InitChunk init;
  init.ack = chunk.is(ChunkType::kInitAck);
  init.initiate_tag = VerificationTag{reader.u32()};
  init.a_rwnd = reader.u32();
  init.outbound_streams = reader.u16();
  init.inbound_streams = reader.u16();
  init.initial_tsn = Tsn{reader.u32()};
  if (!reader.ok()) return ParseError::kChunkSize;
  if (init.initiate_tag == kNoTag) return ParseError::kZeroTag;
  init.parameters = reader.take_rest();
  return init;
}

void InitChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ack ? ChunkType::kInitAck : ChunkType::kInit);
  writer.u32(initiate_tag.value());
  writer.u32(a_rwnd);
  writer.u16(outbound_streams);
  writer.u16(inbound_streams);
  writer.u32(initial_tsn.value());
  writer.bytes(parameters);
}

Parsed<InitParameters> InitParameters::parse(Bytes parameters) {
  InitParameters out;
  ParameterReader reader(parameters);
  while (!out.stopped) {
    const auto parameter = reader.next();
    if (!parameter) break;
    if (const Failure failure = read(out, *parameter)) return *failure;
  }
  if (reader.error()) return *reader.error();
  return out;
}

void InitParameters::write(ByteWriter& writer) const {
  for (const IpAddress& address : addresses) write_address(writer, address);
  write_optional(writer, ParameterType::kCookiePreservative, cookie_preservative);
  write_optional(writer, ParameterType::kHostNameAddress, host_name);
  write_optional(writer, ParameterType::kSupportedAddressTypes, supported_address_types);
  write_optional(writer, ParameterType::kSupportedExtensions, supported_extensions);
  write_optional(writer, ParameterType::kAdaptationIndication, adaptation_indication);
  write_optional(writer, ParameterType::kZeroChecksumAcceptable, zero_checksum);
  if (forward_tsn_supported) write_parameter(writer, ParameterType::kForwardTsnSupported, {});
  if (ecn_capable) write_parameter(writer, ParameterType::kEcnCapable, {});
  write_optional(writer, ParameterType::kRandom, random);
  write_optional(writer, ParameterType::kChunkList, chunk_list);
  write_optional(writer, ParameterType::kRequestedHmacAlgorithm, hmac_algorithms);
  write_optional(writer, ParameterType::kProtection, protection);
  write_optional(writer, ParameterType::kStateCookie, cookie);
  for (const ParameterView& report : reports) {
    write_parameter(writer, ParameterType::kUnrecognizedParameter, report.whole);
  }
  write_optional(writer, ParameterType::kAccess, access);
}

bool InitParameters::supports(ChunkType type) const {
  return lists_chunk(supported_extensions, type);
}

bool InitParameters::supports_address_type(ParameterType type) const {
  if (!supported_address_types) return true;
  return WireList<std::uint16_t>(supported_address_types->value).contains(static_cast<std::uint16_t>(type));
}

bool InitParameters::wants_authenticated(ChunkType type) const {
  return lists_chunk(chunk_list, type);
}

WireList<std::uint16_t> InitParameters::hmac_identifiers() const {
  return hmac_algorithms ? WireList<std::uint16_t>(hmac_algorithms->value) : WireList<std::uint16_t>();
}

}  // namespace hawser::sctp::wire
