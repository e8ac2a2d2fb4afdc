#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "sctp/wire/parse_error.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::wire {

inline constexpr std::size_t kTlvHeaderSize = 4;

/// A parameter or an error cause in place; both have this shape (RFC 9260 §3.2.1, §3.3.10):
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

  [[nodiscard]] bool is(ParameterType wanted) const { return type == static_cast<std::uint16_t>(wanted); }
  [[nodiscard]] bool is(CauseCode wanted) const { return type == static_cast<std::uint16_t>(wanted); }
  /// For a switch; may hold a value that is none of the enumerators.
  [[nodiscard]] ParameterType parameter_type() const { return static_cast<ParameterType>(type); }
  [[nodiscard]] CauseCode cause_code() const { return static_cast<CauseCode>(type); }
};

/// Walks a run of parameters or causes. Borrows the bytes; never allocates. Ends at the end or at the first
/// length that cannot be true; error() then says why. The last element may lack its padding.
class TlvReader {
 public:
  explicit TlvReader(Bytes bytes) : rest_(bytes) {}

  std::optional<TlvView> next();
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] std::optional<ParseError> error() const { return error_; }
  /// What has not been walked yet.
  [[nodiscard]] Bytes rest() const { return rest_; }

 private:
  std::optional<TlvView> fail(ParseError error);

  Bytes rest_;
  std::optional<ParseError> error_;
};

using ParameterView = TlvView;
using ParameterReader = TlvReader;

/// Writes a parameter (or cause) header now and its length when the scope ends. Padding comes before the next
/// one starts, not after this one, because the last parameter's padding is not part of the chunk's length
/// (RFC 9260 §3.2).
class ParameterScope {
 public:
  ParameterScope(ByteWriter& writer, ParameterType type)
      : ParameterScope(writer, static_cast<std::uint16_t>(type)) {}
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

/// A parameter whose value is already bytes.
void write_parameter(ByteWriter& writer, ParameterType type, Bytes value);

/// IPv4 Address (5) and IPv6 Address (6) parameters, RFC 9260 §3.3.2.1.1 and §3.3.2.1.2.
[[nodiscard]] Parsed<IpAddress> parse_address(const ParameterView& parameter);
void write_address(ByteWriter& writer, const IpAddress& address);

}  // namespace hawser::sctp::wire
