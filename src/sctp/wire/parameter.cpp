#include "sctp/wire/parameter.hpp"

#include <algorithm>
#include <cassert>

namespace hawser::sctp::wire {

std::optional<TlvView> TlvReader::next() {
  if (rest_.empty() || error_) return std::nullopt;
  if (rest_.size() < kTlvHeaderSize) return fail(ParseError::kParameterHeaderCut);
  const std::size_t length = load_be<std::uint16_t>(rest_.data() + 2);
  if (length < kTlvHeaderSize) return fail(ParseError::kParameterLengthTooSmall);
  if (length > rest_.size()) return fail(ParseError::kParameterOverrun);
  const Bytes whole = rest_.first(length);
  rest_ = rest_.subspan(std::min(padded4(length), rest_.size()));
  return TlvView{load_be<std::uint16_t>(whole.data()), whole.subspan(kTlvHeaderSize), whole};
}

std::optional<TlvView> TlvReader::fail(ParseError error) {
  error_ = error;
  return std::nullopt;
}

ParameterScope::ParameterScope(ByteWriter& writer, std::uint16_t type) : writer_(writer) {
  writer_.pad4();
  start_ = writer_.size();
  writer_.u16(type);
  writer_.u16(0);
}

ParameterScope::~ParameterScope() {
  const std::size_t length = writer_.size() - start_;
  assert(length <= 0xFFFF);
  writer_.patch_u16(start_ + 2, static_cast<std::uint16_t>(length));
}

void write_parameter(ByteWriter& writer, ParameterType type, Bytes value) {
  const ParameterScope scope(writer, type);
  writer.bytes(value);
}

Parsed<IpAddress> parse_address(const ParameterView& parameter) {
  switch (parameter.parameter_type()) {
    case ParameterType::kIpv4Address:
      if (parameter.value.size() != 4) return ParseError::kParameterSize;
      return IpAddress::v4(parameter.value);
    case ParameterType::kIpv6Address:
      if (parameter.value.size() != 16) return ParseError::kParameterSize;
      return IpAddress::v6(parameter.value);
    default: return ParseError::kWrongParameterType;
  }
}

void write_address(ByteWriter& writer, const IpAddress& address) {
  write_parameter(writer, address.is_v4() ? ParameterType::kIpv4Address : ParameterType::kIpv6Address,
                  address.bytes());
}

}  // namespace hawser::sctp::wire
