#include "daemon/config/interface.hpp"

#include <algorithm>

#include "control/message.hpp"
#include "daemon/config/table_reader.hpp"
#include "daemon/config/units.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::string_view kKeyFiles =
    "an absolute path to a file made by `hawser genkey`; never the key itself";
constexpr std::string_view kSocketPaths = "an absolute path of at most 107 bytes";

constexpr std::int64_t kMinMtu = 576;
constexpr std::int64_t kMinMtuV6 = 1280;  // RFC 8200 §5
constexpr std::int64_t kMaxMtu = 9000;
constexpr std::int64_t kMaxMark = 0xffff'ffff;  // of metrics, too
constexpr std::int64_t kMinQueue = 16 << 10;
constexpr std::int64_t kMaxQueue = 1 << 30;
constexpr std::int64_t kMinBuffer = 4 << 20;
constexpr std::int64_t kMaxBuffer = 1 << 30;
constexpr std::int64_t kMaxRekeySeconds = 900;
constexpr std::int64_t kMaxRekeyMegabytes = 100'000;
constexpr std::int64_t kMinRekeyPackets = 1000;
constexpr std::int64_t kMaxRekeyPackets = 1 << 27;

// The limit is that of sockaddr_un, with its terminating zero.
std::optional<std::string> socket_path(std::string_view text) {
  return text.size() <= 107 ? absolute_path(text) : std::nullopt;
}

void read_number(const TableReader& in, std::size_t& out, std::string_view key, std::int64_t low,
                 std::int64_t high, std::string_view unit) {
  in.read(out, key, range_text(low, high, unit), number_node(low, high));
}

void read_mtu(const TableReader& in, InterfaceConfig& out) {
  const bool v6 = std::ranges::any_of(out.addresses, [](const IpPrefix& each) { return each.ip.is_v6(); });
  const std::int64_t min = v6 ? kMinMtuV6 : kMinMtu;
  const char* unit = v6 ? "bytes, as there is an IPv6 address" : "bytes";
  in.read(out.mtu, "mtu", range_text(min, kMaxMtu, unit), number_node(min, kMaxMtu));
}

void read_rekey(const TableReader& in, RekeyConfig& out) {
  read_number(in, out.after_seconds, "rekey_after_seconds", 1, kMaxRekeySeconds, "seconds");
  read_number(in, out.after_megabytes, "rekey_after_megabytes", 1, kMaxRekeyMegabytes,
              "megabytes (10^6 bytes)");
  read_number(in, out.after_packets, "rekey_after_packets", kMinRekeyPackets, kMaxRekeyPackets, "packets");
}

// The tunnel's datagrams are told from all others by their mark.
void read_kill_switch(const TableReader& in, InterfaceConfig& out) {
  in.read(out.kill_switch, "kill_switch", kFlags, flag_node);
  if (!out.kill_switch) return;
  if (!out.routes) in.refuse("kill_switch", "false with routes = false");
  if (out.fwmark == 0) out.fwmark = InterfaceConfig::kDefaultMark;
}

}  // namespace

InterfaceConfig read_interface(Mistakes& mistakes, const toml::table& table) {
  const TableReader in(mistakes, table, "interface");
  in.refuse_unknown({"name",
                     "private_key_file",
                     "address",
                     "mtu",
                     "mss_clamp",
                     "ecn",
                     "copy_dscp",
                     "listen",
                     "control_socket",
                     "state_directory",
                     "queue_bytes",
                     "routes",
                     "metric",
                     "fwmark",
                     "kill_switch",
                     "include_uplinks",
                     "exclude_uplinks",
                     "buffer_bytes",
                     "scheduler",
                     "congestion",
                     "rekey_after_seconds",
                     "rekey_after_megabytes",
                     "rekey_after_packets"});
  InterfaceConfig out;
  in.require(out.name, "name", kInterfaceNames, text_node(interface_name));
  in.require(out.private_key_file.path, "private_key_file", kKeyFiles, text_node(key_path));
  out.private_key_file.line = in.line_of("private_key_file");
  in.require_list(out.addresses, "address", kPrefixes, IpPrefix::parse);
  read_mtu(in, out);
  in.read(out.mss_clamp, "mss_clamp", kFlags, flag_node);
  in.read(out.ecn, "ecn", kFlags, flag_node);
  in.read(out.copy_dscp, "copy_dscp", kFlags, flag_node);
  in.read_list(out.listen, "listen", kListenAddresses, listen_address);
  out.control_socket = control::default_socket(out.name);
  in.read(out.control_socket, "control_socket", kSocketPaths, text_node(socket_path));
  in.read(out.state_directory, "state_directory", kPaths, text_node(absolute_path));
  read_number(in, out.queue_bytes, "queue_bytes", kMinQueue, kMaxQueue, "bytes");
  in.read(out.routes, "routes", kFlags, flag_node);
  in.read(out.metric, "metric", "1 to 4294967295", number_node<std::uint32_t>(1, kMaxMark));
  in.read(out.fwmark, "fwmark", "1 to 4294967295", number_node<std::uint32_t>(1, kMaxMark));
  read_kill_switch(in, out);
  in.read_list(out.include_uplinks, "include_uplinks", kUplinkNames, uplink_name);
  in.read_list(out.exclude_uplinks, "exclude_uplinks", kUplinkNames, uplink_name);
  read_number(in, out.buffer_bytes, "buffer_bytes", kMinBuffer, kMaxBuffer, "bytes");
  in.read(out.scheduler, "scheduler", kSchedulers, text_node(parse_scheduler));
  in.read(out.congestion, "congestion", kCongestionControls, text_node(parse_congestion));
  read_rekey(in, out.rekey);
  return out;
}

}  // namespace hawser::daemon::config
