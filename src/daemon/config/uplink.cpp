#include "daemon/config/uplink.hpp"

#include "daemon/config/table_reader.hpp"
#include "daemon/config/units.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

std::optional<sctp::PathRole> over_quota_role(std::string_view text) {
  const auto role = parse_role(text);
  return role >= sctp::PathRole::backup ? role : std::nullopt;
}

std::optional<QuotaConfig> read_quota(const TableReader& in) {
  QuotaConfig out;
  const bool limited = in.read(out.bytes, "quota", kSizes, text_node(parse_size));
  in.read(out.reset_day, "quota_reset_day", "1 to 31; in a shorter month, its last day",
          number_node<unsigned>(1, 31));
  in.read(out.over_quota, "over_quota", R"("backup" or "never")", text_node(over_quota_role));
  if (!in.has("quota")) {
    for (const std::string_view key : {"quota_reset_day", "over_quota"})
      in.refuse(key, "only together with quota");
  }
  return limited ? std::optional(out) : std::nullopt;
}

}  // namespace

UplinkConfig read_uplink(Mistakes& mistakes, const toml::table& table) {
  const TableReader in(mistakes, table, "uplink");
  in.refuse_unknown(
      {"interface", "label", "role", "max_upload", "max_download", "quota", "quota_reset_day", "over_quota"});
  UplinkConfig out;
  in.require(out.interface, "interface", kUplinkNames, text_node(uplink_name));
  out.label = out.interface;
  in.read(out.label, "label", kNames, text_node(plain_name));
  in.read(out.role, "role", kRoles, text_node(parse_role));
  in.read(out.caps.upload_bps, "max_upload", kRates, text_node(parse_rate));
  in.read(out.caps.download_bps, "max_download", kRates, text_node(parse_rate));
  out.quota = read_quota(in);
  return out;
}

}  // namespace hawser::daemon::config
