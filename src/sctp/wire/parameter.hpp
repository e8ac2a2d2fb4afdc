#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "sctp/wire/parse_error.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::wire {

/// Size of the header of a parameter or an error cause in bytes.
inline constexpr std::size_t kTlvHeaderSize = 4;

/// A parameter or an error cause in place; both have this format (RFC 9260 §3.2.1, §3.3.10):
///
///  +-------------------------------+-------------------------------+
///  |        type or code           |            length             |
///  +-------------------------------+-------------------------------+
///  |                             value                             |
///  +---------------------------------------------------------------+
struct TlvView {
  std::uint16_t type = 0;
  Bytes value{};  ///< without header and padding
  Bytes whole{};  ///< header and value, without padding

  /// Whether this is a parameter of type `wanted`.
  [[nodiscard]] bool is(ParameterType wanted) const { return type == static_cast<std::uint16_t>(wanted); }
  /// Whether this is an error cause with code `wanted`.
  [[nodiscard]] bool is(CauseCode wanted) const { return type == static_cast<std::uint16_t>(wanted); }
  /// The type of a parameter, for a switch; may be a value that is none of the enumerators.
  [[nodiscard]] ParameterType parameter_type() const { return static_cast<ParameterType>(type); }
  /// The code of an error cause, for a switch; may be a value that is none of the enumerators.
  [[nodiscard]] CauseCode cause_code() const { return static_cast<CauseCode>(type); }
};

/// Walks consecutive parameters or causes. Borrows the bytes; never allocates. Stops at the end, or at the
/// first impossible length, for which error() then returns the reason. The last element may lack its padding.
class TlvReader {
 public:
  /// `bytes` must outlive the reader and its views.
  explicit TlvReader(Bytes bytes) : rest_(bytes) {}

  /// The next element; nothing at the end or after an error.
  std::optional<TlvView> next();
  /// Whether all elements so far had a valid header.
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  /// Why the walk stopped before the end.
  [[nodiscard]] std::optional<ParseError> error() const { return error_; }
  /// The bytes that next() has not reached yet.
  [[nodiscard]] Bytes rest() const { return rest_; }

 private:
  std::optional<TlvView> fail(ParseError error);

  Bytes rest_;
  std::optional<ParseError> error_;
};

/// A parameter in place (RFC 9260 §3.2.1).
using ParameterView = TlvView;
/// Walks several parameters.
using ParameterReader = TlvReader;

/// Writes a parameter (or cause) header in the constructor and its length in the destructor. Owns nothing.
/// Padding is written before the next parameter, not after this one, because the padding of the last
/// parameter is not part of the chunk's length (RFC 9260 §3.2).
class ParameterScope {
 public:
  /// Begins a parameter; `writer` must outlive the scope.
  ParameterScope(ByteWriter& writer, ParameterType type)
      : ParameterScope(writer, static_cast<std::uint16_t>(type)) {}
  /// Begins an error cause; `writer` must outlive the scope.
  ParameterScope(ByteWriter& writer, CauseCode code)
      : ParameterScope(writer, static_cast<std::uint16_t>(code)) {}
  ~ParameterScope();
  ParameterScope(const ParameterScope&) = delete;
  ParameterScope& operator=(const ParameterScope&) = delete;

 private:
  ParameterScope(ByteWriter& writer, std::uint16_t type);

  ByteWriter& writer_;
  std::size_t start_;
};

/// Appends a parameter whose value is already serialised.
void write_parameter(ByteWriter& writer, ParameterType type, Bytes value);

/// Parses an IPv4 Address (5) or IPv6 Address (6) parameter, RFC 9260 §3.3.2.1.1 and §3.3.2.1.2.
[[nodiscard]] Parsed<IpAddress> parse_address(const ParameterView& parameter);
/// Appends the IPv4 Address or IPv6 Address parameter for `address`.
void write_address(ByteWriter& writer, const IpAddress& address);

}  // namespace hawser::sctp::wire
