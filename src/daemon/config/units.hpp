#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/sctp/status.hpp"

/// The words of the configuration and of `hawser path set`, to values and back.
namespace hawser::daemon::config {

inline constexpr std::string_view kRoles = R"("always", "secondary", "backup" or "never")";
inline constexpr std::string_view kRates =
    R"(a number with bit/s, kbit/s, Mbit/s or Gbit/s, 64 kbit/s to 1000 Gbit/s, as "20 Mbit/s")";
inline constexpr std::string_view kSizes =
    R"(a number with MB, GB or TB (10^6, 10^9, 10^12 bytes), as "50 GB")";

[[nodiscard]] std::optional<sctp::PathRole> parse_role(std::string_view text);

/// Bits per second, within the limits of a cap. "0.5 Mbit/s" is good, a number without a unit is not.
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);
/// In the largest unit that leaves a number of at least 1: "20 Mbit/s", "1.5 Gbit/s"; "none" for 0.
[[nodiscard]] std::string rate_text(std::uint64_t bits_per_second);

/// Bytes, 1 MB to 1000 TB.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace hawser::daemon::config
