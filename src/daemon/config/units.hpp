#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/sctp/status.hpp"

/// Conversion between values and their text in the configuration and in `hawser path set`.
namespace hawser::daemon::config {

// What each parser allows, for error messages.

inline constexpr std::string_view kRoles = R"("always", "secondary", "backup" or "never")";
inline constexpr std::string_view kRates =
    R"(a number with bit/s, kbit/s, Mbit/s or Gbit/s, 64 kbit/s to 1000 Gbit/s, such as "20 Mbit/s")";
inline constexpr std::string_view kSizes =
    R"(a number with MB, GB or TB (10^6, 10^9, 10^12 bytes), such as "50 GB")";

inline constexpr std::string_view kSchedulers = R"("earliest", "weighted", "redundant" or "redundant-all")";
inline constexpr std::string_view kCongestionControls = R"("bbr", "cubic", "newreno" or "coupled")";

/// A scheduler by its name.
[[nodiscard]] std::optional<sctp::Scheduling> parse_scheduler(std::string_view text);
/// A congestion control by its name.
[[nodiscard]] std::optional<sctp::CongestionControl> parse_congestion(std::string_view text);

/// A role by its name.
[[nodiscard]] std::optional<sctp::PathRole> parse_role(std::string_view text);

/// Bits per second, within the limits of a cap (kRates). The unit is required: "0.5 Mbit/s".
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);
/// The rate in the largest unit that gives a number of at least 1: "20 Mbit/s", "1.5 Gbit/s"; "none" for 0.
[[nodiscard]] std::string rate_text(std::uint64_t bits_per_second);

/// Bytes, 1 MB to 1000 TB (kSizes).
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace hawser::daemon::config
