#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace hawser {

/// Serial number comparison (RFC 1982): true when `a` comes before `b` on the wire.
template <std::unsigned_integral T>
[[nodiscard]] constexpr bool serial_less(T a, T b) {
  return static_cast<std::make_signed_t<T>>(static_cast<T>(a - b)) < 0;
}

/// Undoes wrap-around at the edge: the 64-bit value nearest to `reference` whose low bits are `wire`.
/// Inside the engine, numbers are compared with `<`.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::uint64_t unwrap(T wire, std::uint64_t reference) {
  const auto delta = static_cast<std::make_signed_t<T>>(static_cast<T>(wire - static_cast<T>(reference)));
  return reference + static_cast<std::uint64_t>(static_cast<std::int64_t>(delta));
}

}  // namespace hawser
