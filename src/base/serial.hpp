#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "hawser/base/strong.hpp"

namespace hawser {

/// Serial number comparison (RFC 1982): whether `a` comes before `b`, with wrap-around.
template <std::unsigned_integral T>
[[nodiscard]] constexpr bool serial_less(T a, T b) {
  return static_cast<std::make_signed_t<T>>(static_cast<T>(a - b)) < 0;
}

/// Undoes wrap-around: returns the 64-bit number nearest to `reference` whose low bits are `wire`. Numbers
/// from the wire pass through here once; inside the engine they are compared with `<`.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::uint64_t unwrap(T wire, std::uint64_t reference) {
  const auto delta = static_cast<std::make_signed_t<T>>(static_cast<T>(wire - static_cast<T>(reference)));
  return reference + static_cast<std::uint64_t>(static_cast<std::int64_t>(delta));
}

/// unwrap() for a number with a type of its own.
template <class Tag, std::unsigned_integral T>
[[nodiscard]] constexpr std::uint64_t unwrap(Strong<Tag, T> wire, std::uint64_t reference) {
  return unwrap(wire.value(), reference);
}

}  // namespace hawser
