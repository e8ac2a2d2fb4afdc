#include "daemon/config/uplink.hpp"

#include "daemon/config/table_reader.hpp"
#include "daemon/config/units.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::int64_t kMaxTable = 0xffff'ffff;
constexpr std::string_view kSourceAddresses =
    "an address of the interface without prefix length, such as \"192.168.1.2\"";
constexpr std::string_view kGateways = "the address of a router on the interface, such as \"192.168.1.1\"";

std::optional<IpAddress> unicast_address(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address && address->is_unicast() ? address : std::nullopt;
}

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

// Which of the ways over its interface the uplink takes.
void read_way(const TableReader& in, UplinkConfig& out) {
  in.read(out.address, "address", kSourceAddresses, text_node(unicast_address));
  in.read(out.gateway, "gateway", kGateways, text_node(unicast_address));
  in.read(out.table, "table", "1 to 4294967295", number_node<std::uint32_t>(1, kMaxTable));
  if (in.has("gateway")) in.refuse("table", "either gateway or table");
  if (out.address && out.gateway && out.address->is_v6() != out.gateway->is_v6())
    in.refuse("gateway", "an address of the same family as `address`");
}

}  // namespace

UplinkConfig read_uplink(Mistakes& mistakes, const toml::table& table) {
  const TableReader in(mistakes, table, "uplink");
  in.refuse_unknown({"interface", "label", "address", "gateway", "table", "role", "max_upload",
                     "max_download", "congestion", "weight", "quota", "quota_reset_day", "over_quota"});
  UplinkConfig out;
  in.require(out.interface, "interface", kUplinkNames, text_node(uplink_name));
  out.label = out.interface;
  in.read(out.label, "label", kNames, text_node(plain_name));
  read_way(in, out);
  in.read(out.role, "role", kRoles, text_node(parse_role));
  in.read(out.caps.upload_bps, "max_upload", kRates, text_node(parse_rate));
  in.read(out.caps.download_bps, "max_download", kRates, text_node(parse_rate));
  in.read(out.congestion, "congestion", kCongestionControls, text_node(parse_congestion));
  in.read(out.weight, "weight", "1 to 1000", number_node<std::uint32_t>(1, 1000));
  out.quota = read_quota(in);
  return out;
}

}  // namespace hawser::daemon::config
