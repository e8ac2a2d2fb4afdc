#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser::tunnel {

/// The hello: who the sender says it is. The first message of each side of an association, PPID kPpidControl,
/// stream 0:
///
///     "hawser/1 hello " name            ASCII; name: 1 to 64 of A-Z a-z 0-9 . _ -
///
/// Nothing proves the name: whoever can reach the hub can claim it. It exists for --insecure-plaintext alone
/// and goes when the association itself authenticates its peer.
inline constexpr std::size_t kMaxIdentity = 64;

[[nodiscard]] bool is_valid_identity(std::string_view name);
/// `identity` must be valid.
[[nodiscard]] std::string make_hello(std::string_view identity);
/// The name, or nothing for anything but exactly one well-formed hello. The name refers to `message`.
[[nodiscard]] std::optional<std::string_view> parse_hello(Bytes message);

}  // namespace hawser::tunnel
