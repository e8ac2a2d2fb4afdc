#include "daemon/config/units.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

namespace hawser::daemon::config {
namespace {

using Unit = std::pair<std::string_view, double>;
constexpr std::array<Unit, 4> kRateUnits = {Unit{"Gbit/s", 1e9}, Unit{"Mbit/s", 1e6}, Unit{"kbit/s", 1e3},
                                            Unit{"bit/s", 1}};
constexpr std::array<Unit, 3> kSizeUnits = {Unit{"TB", 1e12}, Unit{"GB", 1e9}, Unit{"MB", 1e6}};
constexpr double kMinSize = 1e6;
constexpr double kMaxSize = 1e15;

// "20 Mbit/s" or "20Mbit/s": a plain decimal number, at most one space, a unit.
std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units, double min,
                                            double max) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, factor] : units) {
    if (unit != name) continue;
    const double value = std::round(number * factor);
    if (value < min || value > max) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  }
  return std::nullopt;
}

// The enumerator with this name, of `count` ones.
template <class Enum>
std::optional<Enum> enumerator(std::string_view name, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    if (name == sctp::to_string(value)) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<sctp::PathRole> parse_role(std::string_view text) {
  return enumerator<sctp::PathRole>(text, sctp::kPathRoles);
}

std::optional<sctp::Scheduling> parse_scheduler(std::string_view text) {
  return enumerator<sctp::Scheduling>(text, sctp::kSchedulings);
}

std::optional<sctp::CongestionControl> parse_congestion(std::string_view text) {
  return enumerator<sctp::CongestionControl>(text, sctp::kCongestionControls);
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  return parse_quantity(text, kRateUnits, sctp::kMinCap, sctp::kMaxCap);
}

std::string rate_text(std::uint64_t bits_per_second) {
  if (bits_per_second == 0) return "none";
  const auto value = static_cast<double>(bits_per_second);
  for (const auto& [name, factor] : kRateUnits) {
    if (value >= factor) return fmt::format("{:.10g} {}", value / factor, name);
  }
  return "none";
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits, kMinSize, kMaxSize);
}

}  // namespace hawser::daemon::config
