#include "sctp/wire/causes.hpp"

namespace hawser::sctp::wire {
namespace {

// Parses a cause that consists of one 32-bit number.
Parsed<std::uint32_t> parse_number(const CauseView& cause, CauseCode code) {
  if (!cause.is(code)) return ParseError::kWrongParameterType;
  if (cause.value.size() != 4) return ParseError::kParameterSize;
  return load_be<std::uint32_t>(cause.value.data());
}

void write_number(ByteWriter& writer, CauseCode code, std::uint32_t number) {
  const ParameterScope scope(writer, code);
  writer.u32(number);
}

}  // namespace

void write_cause(ByteWriter& writer, CauseCode code, Bytes value) {
  const ParameterScope scope(writer, code);
  writer.bytes(value);
}

Parsed<InvalidStreamCause> InvalidStreamCause::parse(const CauseView& cause) {
  const Parsed<std::uint32_t> number = parse_number(cause, CauseCode::kInvalidStreamIdentifier);
  if (!number) return number.error();
  return InvalidStreamCause{StreamId{static_cast<std::uint16_t>(*number >> 16)}};
}

void InvalidStreamCause::write(ByteWriter& writer) const {
  write_number(writer, CauseCode::kInvalidStreamIdentifier, std::uint32_t{stream.value()} << 16);
}

Parsed<MissingParameterCause> MissingParameterCause::parse(const CauseView& cause) {
  if (!cause.is(CauseCode::kMissingMandatoryParameter)) return ParseError::kWrongParameterType;
  ByteReader reader(cause.value);
  const std::uint32_t count = reader.u32();
  if (!reader.ok()) return ParseError::kParameterSize;
  if (count > reader.remaining() / 2) return ParseError::kListOverrun;
  return MissingParameterCause{WireList<std::uint16_t>(reader.take(std::size_t{count} * 2))};
}

void MissingParameterCause::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, CauseCode::kMissingMandatoryParameter);
  writer.u32(static_cast<std::uint32_t>(types.size()));
  writer.bytes(types.bytes());
}

void MissingParameterCause::write(ByteWriter& writer, std::span<const ParameterType> types) {
  const ParameterScope scope(writer, CauseCode::kMissingMandatoryParameter);
  writer.u32(static_cast<std::uint32_t>(types.size()));
  for (const ParameterType type : types) writer.u16(static_cast<std::uint16_t>(type));
}

Parsed<StaleCookieCause> StaleCookieCause::parse(const CauseView& cause) {
  const Parsed<std::uint32_t> number = parse_number(cause, CauseCode::kStaleCookie);
  if (!number) return number.error();
  return StaleCookieCause{*number};
}

void StaleCookieCause::write(ByteWriter& writer) const {
  write_number(writer, CauseCode::kStaleCookie, staleness_us);
}

Parsed<NoUserDataCause> NoUserDataCause::parse(const CauseView& cause) {
  const Parsed<std::uint32_t> number = parse_number(cause, CauseCode::kNoUserData);
  if (!number) return number.error();
  return NoUserDataCause{Tsn{*number}};
}

void NoUserDataCause::write(ByteWriter& writer) const {
  write_number(writer, CauseCode::kNoUserData, tsn.value());
}

Parsed<UnsupportedHmacCause> UnsupportedHmacCause::parse(const CauseView& cause) {
  if (!cause.is(CauseCode::kUnsupportedHmacIdentifier)) return ParseError::kWrongParameterType;
  if (cause.value.size() < 2 || cause.value.size() > 4) return ParseError::kParameterSize;
  return UnsupportedHmacCause{load_be<std::uint16_t>(cause.value.data())};
}

void UnsupportedHmacCause::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, CauseCode::kUnsupportedHmacIdentifier);
  writer.u16(identifier);
}

void write_restart_cause(ByteWriter& writer, std::span<const IpAddress> new_addresses) {
  const ParameterScope scope(writer, CauseCode::kRestartWithNewAddresses);
  for (const IpAddress& address : new_addresses) write_address(writer, address);
}

}  // namespace hawser::sctp::wire
