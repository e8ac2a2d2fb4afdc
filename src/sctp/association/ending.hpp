#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/sctp/event.hpp"
#include "sctp/wire/causes.hpp"

namespace hawser::sctp::association {

/// An error cause of an ABORT (RFC 9260 §3.3.10).
struct AbortCause {
  wire::CauseCode code{};
  std::vector<std::byte> value;
};

/// The ABORT chunk with this cause, of whose value at most 256 bytes are sent.
[[nodiscard]] std::vector<std::byte> abort_chunk(const AbortCause& cause);

/// How an association ends.
struct Ended {
  Event::Kind kind{};
  std::uint16_t cause = 0;                         ///< for the event
  std::string_view reason;                         ///< for the event; static text
  std::optional<AbortCause> abort = std::nullopt;  ///< the ABORT that the peer gets; nothing: it gets none
  bool broken = false;                             ///< its state is unknown: no part of it is used again
};

/// The association ends as both ends agreed (RFC 9260 §9.2).
[[nodiscard]] inline Ended shut_down() {
  return {Event::Kind::closed, 0, "shut down"};
}
/// The association ends because an exception has left it in an unknown state; `reason` is static text.
[[nodiscard]] inline Ended broken(std::string_view reason) {
  return {Event::Kind::lost, 0, reason, std::nullopt, true};
}
/// The association ends by an ABORT of this end, because the peer violates the protocol or the user requests
/// it. `value` is that of the error cause.
[[nodiscard]] inline Ended abort_with(wire::CauseCode code, Bytes value) {
  return {Event::Kind::aborted, static_cast<std::uint16_t>(code), "aborted by this end",
          AbortCause{code, {value.begin(), value.end()}}};
}
/// The association ends by an ABORT of this end; `reason` is the text in the error cause.
[[nodiscard]] inline Ended abort_with(wire::CauseCode code, std::string_view reason) {
  return abort_with(code, std::as_bytes(std::span(reason)));
}

}  // namespace hawser::sctp::association
