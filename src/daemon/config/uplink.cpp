#include "daemon/config/uplink.hpp"

#include "daemon/config/units.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::string_view kSection = "uplink";

std::optional<sctp::PathRole> over_quota_role(std::string_view text) {
  const auto role = parse_role(text);
  return role >= sctp::PathRole::backup ? role : std::nullopt;
}

std::optional<QuotaConfig> read_quota(ConfigReader& reader, const toml::table& table) {
  const auto bytes = reader.value<std::uint64_t>(table, kSection, "quota", kSizes, text_node(parse_size));
  QuotaConfig out;
  out.bytes = bytes.value_or(0);
  const auto day = reader.value<std::size_t>(table, kSection, "quota_reset_day",
                                             "1 to 31; in a shorter month, its last day", number_node(1, 31));
  out.reset_day = static_cast<unsigned>(day.value_or(out.reset_day));
  out.over_quota = reader
                       .value<sctp::PathRole>(table, kSection, "over_quota", R"("backup" or "never")",
                                              text_node(over_quota_role))
                       .value_or(out.over_quota);
  for (const std::string_view key : {"quota_reset_day", "over_quota"}) {
    const toml::node* node = table.get(key);
    if (node == nullptr || table.contains("quota")) continue;
    reader.mistake(*node, ConfigReader::name_of(kSection, key), "only together with quota");
  }
  return bytes ? std::optional(out) : std::nullopt;
}

}  // namespace

UplinkConfig read_uplink(ConfigReader& reader, const toml::table& table) {
  UplinkConfig out;
  reader.refuse_unknown(
      table, kSection,
      {"interface", "label", "role", "max_upload", "max_download", "quota", "quota_reset_day", "over_quota"});
  out.interface =
      reader.required<std::string>(table, kSection, "interface", kUplinkNames, text_node(uplink_name))
          .value_or("");
  out.label = reader.value<std::string>(table, kSection, "label", kNames, text_node(plain_name))
                  .value_or(out.interface);
  out.role =
      reader.value<sctp::PathRole>(table, kSection, "role", kRoles, text_node(parse_role)).value_or(out.role);
  const auto cap = [&](std::string_view key) {
    return reader.value<std::uint64_t>(table, kSection, key, kRates, text_node(parse_rate)).value_or(0);
  };
  out.caps = {cap("max_upload"), cap("max_download")};
  out.quota = read_quota(reader, table);
  return out;
}

}  // namespace hawser::daemon::config
