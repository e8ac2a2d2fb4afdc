#include "daemon/config/loader.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/config/engine_config.hpp"
#include "hawser/sctp/status.hpp"

namespace hawser::daemon::config {
namespace {

constexpr const char* kHub = R"([interface]
name = "hw0"
address = ["10.0.0.1/24"]
listen = ["0.0.0.0:9899"]
private_key_file = "/k"
[[peer]]
name = "edge1"
public_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
allowed_ips = ["10.0.0.2/32"]
)";

constexpr const char* kEdge = R"([interface]
name = "hw0"
address = ["10.0.0.2/24", "fd00::2/64"]
private_key_file = "/etc/hawser/hw0.key"
mtu = 1400
control_socket = "/tmp/x.sock"
queue_bytes = 65536
routes = false
rekey_after_seconds = 2
rekey_after_megabytes = 3
rekey_after_packets = 4000
[[uplink]]
interface = "eth0"
label = "dsl"
role = "always"
[[uplink]]
interface = "eth1"
[[peer]]
name = "hub"
public_key = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
preshared_key_file = "/etc/hawser/hub.psk"
endpoint = ["hub.example.net:9899", "192.0.2.1:1", "[2001:db8::1]:2"]
allowed_ips = ["0.0.0.0/0", "::/0"]
)";

std::string errors_of(const std::string& text) {
  const auto config = parse_config(text, "f.toml");
  if (config) return "no error";
  std::string all;
  for (const ConfigError& error : config.error()) all += error.to_string() + "\n";
  return all;
}

// `base` with `from`, which it must contain, replaced by `to`.
std::string with(std::string base, const std::string& from, const std::string& to) {
  const std::size_t at = base.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return base.replace(at, from.size(), to);
}

TEST(Config, ReadsAMarkOfDatagrams) {
  EXPECT_EQ(parse_config(kEdge, "f.toml")->interface.fwmark, 0U);
  const auto config = parse_config(with(kEdge, "routes = false", "fwmark = 0xffffffff"), "f.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->interface.fwmark, 0xffff'ffffU);
}

TEST(Config, ReadsAKillSwitchWhichBringsAMark) {
  EXPECT_FALSE(parse_config(kEdge, "f.toml")->interface.kill_switch);
  EXPECT_EQ(parse_config(kEdge, "f.toml")->interface.metric, InterfaceConfig::kDefaultMetric);
  auto config = parse_config(with(kEdge, "routes = false", "kill_switch = true\nmetric = 7"), "f.toml");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->interface.kill_switch);
  EXPECT_EQ(config->interface.metric, 7U);
  EXPECT_EQ(config->interface.fwmark, InterfaceConfig::kDefaultMark);
  config = parse_config(with(kEdge, "routes = false", "kill_switch = true\nfwmark = 77"), "f.toml");
  EXPECT_EQ(config->interface.fwmark, 77U);
}

TEST(Config, ReadsAnEdge) {
  const auto config = parse_config(kEdge, "f.toml");
  ASSERT_TRUE(config) << errors_of(kEdge);
  EXPECT_EQ(config->interface.name, "hw0");
  EXPECT_EQ(config->file, "f.toml");
  EXPECT_EQ(config->interface.private_key_file.path, "/etc/hawser/hw0.key");
  EXPECT_EQ(config->interface.private_key_file.line, 4U);
  EXPECT_EQ(config->interface.mtu, 1400U);
  EXPECT_EQ(config->interface.queue_bytes, 65536U);
  EXPECT_EQ(config->interface.control_socket, "/tmp/x.sock");
  EXPECT_FALSE(config->interface.routes);
  EXPECT_EQ(config->interface.rekey.after_seconds, 2U);
  EXPECT_EQ(config->interface.rekey.after_megabytes, 3U);
  EXPECT_EQ(config->interface.rekey.after_packets, 4000U);
  ASSERT_EQ(config->uplinks.size(), 2U);
  EXPECT_EQ(config->uplinks[0].label, "dsl");
  EXPECT_EQ(config->uplinks[1].label, "eth1");
  ASSERT_EQ(config->peers.size(), 1U);
  EXPECT_EQ(config->peers[0].public_key->to_base64(), "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=");
  EXPECT_EQ(config->peers[0].public_key_line, 20U);
  EXPECT_EQ(config->peers[0].preshared_key_file->path, "/etc/hawser/hub.psk");
  EXPECT_EQ(config->peers[0].preshared_key_file->line, 21U);
  ASSERT_EQ(config->peers[0].endpoint.size(), 3U);
  EXPECT_FALSE(config->peers[0].endpoint[0].literal);
  EXPECT_EQ(config->peers[0].endpoint[0].port, 9899);
  EXPECT_EQ(config->peers[0].endpoint[2].literal->to_string(), "[2001:db8::1]:2");
}

TEST(Config, ReadsAHubWithDefaults) {
  const auto config = parse_config(kHub, "f.toml");
  ASSERT_TRUE(config) << errors_of(kHub);
  EXPECT_EQ(config->interface.mtu, std::nullopt);
  EXPECT_TRUE(config->interface.mss_clamp);
  EXPECT_TRUE(config->interface.ecn);
  EXPECT_FALSE(config->interface.copy_dscp);
  EXPECT_EQ(config->interface.control_socket, "/run/hawser/hw0.sock");
  EXPECT_TRUE(config->interface.routes);
  EXPECT_EQ(config->interface.listen.at(0).port, 9899);
  EXPECT_TRUE(config->peers.at(0).endpoint.empty());
  EXPECT_FALSE(config->peers[0].preshared_key_file);
}

TEST(ConfigUplinks, MayBePatternsOfNamesAndShareOne) {
  std::string text = with(kEdge, "\"eth0\"", "\"wwan*\"");
  text = with(text, "interface = \"eth1\"", "interface = \"wwan*\"\nlabel = \"other\"");
  const auto config = parse_config(text, "f.toml");
  ASSERT_TRUE(config) << errors_of(text);
  EXPECT_EQ(config->uplinks.at(1).interface, "wwan*");
}

TEST(ConfigUplinks, NeedLabelsWhenTheyShareAPattern) {
  std::string text = with(kEdge, "interface = \"eth0\"\nlabel = \"dsl\"", "interface = \"wwan*\"");
  const std::string errors = errors_of(with(text, "\"eth1\"", "\"wwan*\""));
  EXPECT_EQ(errors.substr(0, errors.find(';')), "f.toml:15: uplink.label: saw \"wwan*\" again");
}

TEST(ConfigUplinks, AreDiscoveredAmongThoseThatPatternsName) {
  std::string text = kHub;
  text = with(text, "listen = [\"0.0.0.0:9899\"]\n",
              "include_uplinks = [\"eth*\", \"wlan0\"]\nexclude_uplinks = [\"*1\"]\n");
  text = with(text, "allowed_ips", "endpoint = [\"192.0.2.1:1\"]\nallowed_ips");
  const auto config = parse_config(text, "f.toml");
  ASSERT_TRUE(config) << errors_of(text);
  EXPECT_EQ(config->interface.include_uplinks, (std::vector<std::string>{"eth*", "wlan0"}));
  EXPECT_EQ(config->interface.exclude_uplinks, std::vector<std::string>{"*1"});
}

// The first line of a peer. Tests replace it with then_peer(), which puts another peer before it.
constexpr const char* kFirstPeer = "[[peer]]\n";
// Another peer, four lines, and kFirstPeer.
std::string then_peer(const std::string& name, const std::string& allowed_ips,
                      const std::string& public_key = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=") {
  return "[[peer]]\nname = \"" + name + "\"\npublic_key = \"" + public_key + "\"\nallowed_ips = [" +
         allowed_ips + "]\n[[peer]]\n";
}

struct Mistake {
  std::string base;
  std::string from;
  std::string to;
  std::string message;  ///< beginning of the first error message
};

class ConfigMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistakes, AreNamedWithLineKeyValueAndWhatIsAllowed) {
  const Mistake& m = GetParam();
  const std::string errors = errors_of(with(m.base, m.from, m.to));
  EXPECT_EQ(errors.substr(0, m.message.size()), m.message) << errors;
  EXPECT_NE(errors.find("; allowed: "), std::string::npos) << errors;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigMistakes,
    testing::Values(
        Mistake{kEdge, "[interface]", "[= 1]", "f.toml:1: "},
        Mistake{kEdge, "[interface]", "[interface]\n\"a\\n\\u001b[31mb\" = 1",
                "f.toml:2: interface.a??[31mb: unknown key, saw 1; allowed: name"},
        Mistake{kEdge, "name = \"hw0\"", "name = \"way-too-long-name\"",
                "f.toml:2: interface.name: saw \"way-too-long-name\"; allowed: a network interface name"},
        Mistake{kEdge, "name = \"hw0\"", "name = 3", "f.toml:2: interface.name: saw 3; allowed: a network"},
        Mistake{kEdge, "name = \"hw0\"\n", "", "f.toml:1: interface.name: missing; allowed: a network"},
        Mistake{kEdge, "10.0.0.2/24", "10.0.0.2/33",
                "f.toml:3: interface.address: saw \"10.0.0.2/33\"; allowed: an address with a prefix length"},
        Mistake{kEdge, "[\"10.0.0.2/24\", \"fd00::2/64\"]", "\"10.0.0.2/24\"",
                "f.toml:3: interface.address: saw \"10.0.0.2/24\"; allowed: a list of: an address"},
        Mistake{kEdge, "address = [\"10.0.0.2/24\", \"fd00::2/64\"]\n", "",
                "f.toml:1: interface.address: missing"},
        Mistake{kEdge, "private_key_file = \"/etc/hawser/hw0.key\"\n", "",
                "f.toml:1: interface.private_key_file: missing; allowed: an absolute path to a file made by "
                "`hawser genkey`"},
        Mistake{kEdge, "/etc/hawser/hw0.key", "hw0.key",
                "f.toml:4: interface.private_key_file: saw \"hw0.key\"; allowed: an absolute path"},
        Mistake{kEdge, "private_key_file", "identity = \"edge1\"\nprivate_key_file",
                "f.toml:4: interface.identity: unknown key, saw \"edge1\"; allowed: name, private_key_file"},
        Mistake{kEdge, "mtu = 1400", "mtu = 900",
                "f.toml:5: interface.mtu: saw 900; allowed: 1280 to 9000 bytes, as there is an IPv6 address"},
        Mistake{kHub, "name = \"hw0\"", "name = \"hw0\"\nmtu = 500",
                "f.toml:3: interface.mtu: saw 500; allowed: 576 to 9000 bytes"},
        Mistake{kEdge, "mtu = 1400", "mtu = \"1400\"",
                "f.toml:5: interface.mtu: saw \"1400\"; allowed: 1280"},
        Mistake{kEdge, "/tmp/x.sock", "x.sock",
                "f.toml:6: interface.control_socket: saw \"x.sock\"; allowed: an absolute path"},
        Mistake{kEdge, "queue_bytes = 65536", "state_directory = \"var\"",
                "f.toml:7: interface.state_directory: saw \"var\"; allowed: an absolute path"},
        Mistake{kEdge, "queue_bytes = 65536", "queue_bytes = 1",
                "f.toml:7: interface.queue_bytes: saw 1; allowed: 16384"},
        Mistake{kEdge, "routes = false", "routes = 0",
                "f.toml:8: interface.routes: saw 0; allowed: true or false"},
        Mistake{kEdge, "routes = false", "metric = 0",
                "f.toml:8: interface.metric: saw 0; allowed: 1 to 4294967295"},
        Mistake{kEdge, "routes = false", "routes = false\nkill_switch = true",
                "f.toml:9: interface.kill_switch: saw true; allowed: false with routes = false"},
        Mistake{kEdge, "routes = false", "fwmark = 0",
                "f.toml:8: interface.fwmark: saw 0; allowed: 1 to 4294967295"},
        Mistake{
            kEdge, "routes = false", "adress = [1]",
            "f.toml:8: interface.adress: unknown key, saw [ 1 ]; allowed: name, private_key_file, address"},
        Mistake{kEdge, "rekey_after_seconds = 2", "rekey_after_seconds = 901",
                "f.toml:9: interface.rekey_after_seconds: saw 901; allowed: 1 to 900 seconds"},
        Mistake{kEdge, "rekey_after_seconds = 2", "rekey_after_seconds = 0",
                "f.toml:9: interface.rekey_after_seconds: saw 0; allowed: 1 to 900 seconds"},
        Mistake{kEdge, "rekey_after_megabytes = 3", "rekey_after_megabytes = 100001",
                "f.toml:10: interface.rekey_after_megabytes: saw 100001; allowed: 1 to 100000 megabytes"},
        Mistake{kEdge, "rekey_after_packets = 4000", "rekey_after_packets = 999",
                "f.toml:11: interface.rekey_after_packets: saw 999; allowed: 1000 to 134217728 packets"},
        Mistake{kEdge, "rekey_after_packets = 4000", "rekey_after_packets = 134217729",
                "f.toml:11: interface.rekey_after_packets: saw 134217729; allowed: 1000 to 134217728"},
        Mistake{
            kEdge, "role = \"always\"", "role = \"sometimes\"",
            "f.toml:15: uplink.role: saw \"sometimes\"; allowed: \"always\", \"secondary\", \"backup\" or"},
        Mistake{kEdge, "role = \"always\"", "rule = \"always\"",
                "f.toml:15: uplink.rule: unknown key, saw \"always\"; allowed: interface, label, address"},
        Mistake{kEdge, "label = \"dsl\"", "max_upload = \"1 MB/s\"",
                "f.toml:14: uplink.max_upload: saw \"1 MB/s\"; allowed: a number with bit/s, kbit/s, Mbit/s"},
        Mistake{kEdge, "label = \"dsl\"", "max_upload = \"63 kbit/s\"",
                "f.toml:14: uplink.max_upload: saw \"63 kbit/s\"; allowed: a number with bit/s"},
        Mistake{kEdge, "label = \"dsl\"", "max_download = 20000000",
                "f.toml:14: uplink.max_download: saw 20000000; allowed: a number with bit/s"},
        Mistake{kEdge, "label = \"dsl\"", "quota = \"50 Gbit\"",
                "f.toml:14: uplink.quota: saw \"50 Gbit\"; allowed: a number with MB, GB or TB"},
        Mistake{kEdge, "label = \"dsl\"", "quota = \"1 GB\"\nquota_reset_day = 32",
                "f.toml:15: uplink.quota_reset_day: saw 32; allowed: 1 to 31; in a shorter month"},
        Mistake{kEdge, "label = \"dsl\"", "quota = \"1 GB\"\nover_quota = \"always\"",
                "f.toml:15: uplink.over_quota: saw \"always\"; allowed: \"backup\" or \"never\""},
        Mistake{kEdge, "label = \"dsl\"", "quota_reset_day = 3",
                "f.toml:14: uplink.quota_reset_day: saw 3; allowed: only together with quota"},
        Mistake{kEdge, "interface = \"eth1\"", "interface = \"eth0\"",
                "f.toml:17: uplink.interface: saw \"eth0\" again; allowed: a value that no other"},
        Mistake{kEdge, "label = \"dsl\"", "gateway = \"192.0.2.1/24\"",
                "f.toml:14: uplink.gateway: saw \"192.0.2.1/24\"; allowed: the address of a router"},
        Mistake{kEdge, "label = \"dsl\"", "address = \"0.0.0.0\"",
                "f.toml:14: uplink.address: saw \"0.0.0.0\"; allowed: an address of the interface"},
        Mistake{kEdge, "label = \"dsl\"", "table = 0",
                "f.toml:14: uplink.table: saw 0; allowed: 1 to 4294967295"},
        Mistake{kEdge, "label = \"dsl\"", "table = 7\ngateway = \"192.0.2.1\"",
                "f.toml:14: uplink.table: saw 7; allowed: either gateway or table"},
        Mistake{kEdge, "label = \"dsl\"", "address = \"192.0.2.2\"\ngateway = \"fe80::1\"",
                "f.toml:15: uplink.gateway: saw \"fe80::1\"; allowed: an address of the same family"},
        Mistake{kEdge, "interface = \"eth1\"", "label = \"x\"", "f.toml:16: uplink.interface: missing"},
        Mistake{kEdge, "interface = \"eth1\"", "interface = \"a/b*\"",
                "f.toml:17: uplink.interface: saw \"a/b*\"; allowed: a network interface name, or a pattern"},
        Mistake{kEdge, "mtu = ", "exclude_uplinks = [\"docker*\"]\nmtu = ",
                "f.toml:5: interface.exclude_uplinks: saw [ \"docker*\" ]; allowed: only in a file without "
                "[[uplink]]"},
        Mistake{kEdge, "hub.example.net:9899", "hub.example.net:",
                "f.toml:22: peer.endpoint: saw \"hub.example.net:\"; allowed: a host and UDP port"},
        Mistake{kEdge, "[2001:db8::1]:2", "2001:db8::1:9899",
                "f.toml:22: peer.endpoint: saw \"2001:db8::1:9899\"; allowed: a host and UDP port"},
        Mistake{kEdge, "192.0.2.1:1", "192.0.2.256:1", "f.toml:22: peer.endpoint: saw \"192.0.2.256:1\""},
        Mistake{kEdge, "192.0.2.1:1", "0.0.0.0:1", "f.toml:22: peer.endpoint: saw \"0.0.0.0:1\""},
        Mistake{kEdge, "192.0.2.1:1", "192.0.2.1:0", "f.toml:22: peer.endpoint: saw \"192.0.2.1:0\""},
        Mistake{kEdge, "hub.example.net:9899", "hub.example.net:99999",
                "f.toml:22: peer.endpoint: saw \"hub.ex"},
        Mistake{kEdge, "name = \"hub\"\n", "", "f.toml:18: peer.name: missing"},
        Mistake{kHub, "public_key = \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"\n", "",
                "f.toml:6: peer.public_key: missing; allowed: 44 characters of base64, as `hawser pubkey`"},
        Mistake{kHub, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "abc=",
                "f.toml:8: peer.public_key: saw \"abc=\"; allowed: 44 characters of base64"},
        Mistake{kHub, "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"", "5",
                "f.toml:8: peer.public_key: saw 5; allowed: 44 characters"},
        Mistake{kHub, kFirstPeer, then_peer("a", "", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
                "f.toml:12: peer.public_key: saw the key that peer \"a\" has; allowed: a key that no other"},
        Mistake{kEdge, "/etc/hawser/hub.psk", "./hub.psk",
                "f.toml:21: peer.preshared_key_file: saw \"./hub.psk\"; allowed: an absolute path to a file "
                "made by "
                "`hawser genpsk`"},
        Mistake{kEdge, "allowed_ips = [\"0.0.0.0/0\", \"::/0\"]", "", "f.toml:18: peer.allowed_ips: missing"},
        Mistake{kEdge, "endpoint = [\"hub.example.net:9899\", \"192.0.2.1:1\", \"[2001:db8::1]:2\"]", "",
                "f.toml:18: peer.endpoint: missing; allowed: a host and UDP port"},
        Mistake{kHub, "0.0.0.0:9899", "0.0.0.0",
                "f.toml:4: interface.listen: saw \"0.0.0.0\"; allowed: an address and"},
        Mistake{kHub, "[\"0.0.0.0:9899\"]", "[\"0.0.0.0:9899\", \"0.0.0.0:9899\"]",
                "f.toml:4: interface.listen: saw \"0.0.0.0:9899\" twice; allowed: each address once"},
        Mistake{kHub, "[[peer]]\n", "[[uplink]]\ninterface = \"eth0\"\n[[peer]]\n",
                "f.toml:7: uplink: saw [[uplink]] without a peer that has an endpoint; allowed: "},
        Mistake{kHub, kFirstPeer, then_peer("edge1", ""),
                "f.toml:11: peer.name: saw \"edge1\" again; allowed: "},
        Mistake{kHub, kFirstPeer, then_peer("a", "\"10.0.0.2/\""),
                "f.toml:9: peer.allowed_ips: saw \"10.0.0.2/\"; allowed: an address with"},
        Mistake{kHub, kFirstPeer, then_peer("a", "\"10.0.0.2/32\""),
                "f.toml:13: peer.allowed_ips: saw \"10.0.0.2/32\", which peer \"a\" has; allowed: "},
        Mistake{kHub, std::string(kHub).substr(std::string(kHub).find("[[peer]]")), "",
                "f.toml:1: peer: missing; allowed: at least one [[peer]]"},
        Mistake{kHub, "[[peer]]", "[peer]", "f.toml:6: peer: saw "},
        Mistake{kHub, "[interface]", "[interfaces]", "f.toml:1: interface"},
        Mistake{kHub, "name = \"hw0\"", "name = \"hw0", "f.toml:2: "}));

TEST(Config, ReadsUplinksThatShareAnInterface) {
  const std::string uplinks =
      "interface = \"eth0\"\nlabel = \"a\"\ngateway = \"192.0.2.1\"\n[[uplink]]\ninterface = \"eth0\"\nlabel "
      "= "
      "\"b\"\ngateway = \"fe80::1\"\naddress = \"2001:db8::7\"\n[[uplink]]\ninterface = \"eth0\"\nlabel = "
      "\"c\"\n"
      "table = 0x1000000\n[[uplink]]\ninterface = \"eth1\"";
  const auto config = parse_config(with(kEdge, "interface = \"eth1\"", uplinks), "f.toml");
  ASSERT_TRUE(config) << config.error().at(0).to_string();
  EXPECT_EQ(config->uplinks.at(1).gateway, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(config->uplinks.at(2).gateway, IpAddress::parse("fe80::1"));
  EXPECT_EQ(config->uplinks.at(2).address, IpAddress::parse("2001:db8::7"));
  EXPECT_EQ(config->uplinks.at(3).table, 0x100'0000U);
  const std::string twice = with(uplinks, "fe80::1\"\naddress = \"2001:db8::7", "192.0.2.1");
  const std::string errors = errors_of(with(kEdge, "interface = \"eth1\"", twice));
  EXPECT_EQ(errors.substr(0, errors.find(';')), "f.toml:21: uplink.interface: saw \"eth0\" again");
}

TEST(Config, ReadsWhatAnUplinkMayCarry) {
  const std::string settings =
      "role = \"backup\"\nmax_upload = \"20 Mbit/s\"\nmax_download = \"0.5Gbit/s\"\nquota = \"50 GB\"\n"
      "quota_reset_day = 31\nover_quota = \"never\"\ncongestion = \"coupled\"\nweight = 10";
  const auto config = parse_config(with(kEdge, "role = \"always\"", settings), "f.toml");
  ASSERT_TRUE(config) << config.error().at(0).to_string();
  const UplinkConfig& uplink = config->uplinks.at(0);
  EXPECT_EQ(uplink.role, sctp::PathRole::backup);
  EXPECT_EQ(uplink.caps.upload_bps, 20'000'000U);
  EXPECT_EQ(uplink.caps.download_bps, 500'000'000U);
  ASSERT_TRUE(uplink.quota);
  EXPECT_EQ(uplink.quota->bytes, 50'000'000'000U);
  EXPECT_EQ(uplink.quota->reset_day, 31U);
  EXPECT_EQ(uplink.quota->over_quota, sctp::PathRole::never);
  EXPECT_EQ(uplink.congestion, sctp::CongestionControl::coupled);
  EXPECT_EQ(uplink.weight, 10U);
  const UplinkConfig& other = config->uplinks.at(1);
  EXPECT_EQ(other.weight, 1U);
  EXPECT_FALSE(other.congestion) << "that of the interface";
  EXPECT_EQ(other.role, sctp::PathRole::always);
  EXPECT_EQ(other.caps.upload_bps + other.caps.download_bps, 0U);
  EXPECT_FALSE(other.quota);
  EXPECT_EQ(config->interface.state_directory, "/var/lib/hawser");
}

TEST(Config, ReadsTheCongestionControlOfAllPaths) {
  const auto with_congestion = [](const std::string& value) {
    return with(kHub, "[interface]", "[interface]\ncongestion = " + value);
  };
  for (const auto control : {sctp::CongestionControl::model, sctp::CongestionControl::cubic,
                             sctp::CongestionControl::new_reno, sctp::CongestionControl::coupled}) {
    const auto config =
        parse_config(with_congestion("\"" + std::string(sctp::to_string(control)) + "\""), "f.toml");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->interface.congestion, control);
    EXPECT_EQ(endpoint_config(*config).congestion, control);
  }
  EXPECT_NE(errors_of(with_congestion("\"reno\""))
                .find("interface.congestion: saw \"reno\"; allowed: \"bbr\", \"cubic\", \"newreno\" or "
                      "\"coupled\""),
            std::string::npos);
}

TEST(Config, ReadsTheSchedulerAndTheBoundOfTheBuffers) {
  const auto with_lines = [](const std::string& lines) {
    return with(kHub, "[interface]", "[interface]\n" + lines);
  };
  for (const auto scheduling : {sctp::Scheduling::earliest, sctp::Scheduling::weighted,
                                sctp::Scheduling::redundant, sctp::Scheduling::redundant_all}) {
    const std::string name(sctp::to_string(scheduling));
    const auto config =
        parse_config(with_lines("scheduler = \"" + name + "\"\nbuffer_bytes = 8388608"), "f.toml");
    ASSERT_TRUE(config) << name;
    const sctp::EndpointConfig engine = endpoint_config(*config);
    EXPECT_EQ(engine.scheduling, scheduling);
    EXPECT_EQ(engine.receive_window_max, 8U << 20);
    EXPECT_EQ(engine.send_buffer_max, 8U << 20);
  }
  EXPECT_NE(
      errors_of(with_lines("scheduler = \"fastest\""))
          .find("interface.scheduler: saw \"fastest\"; allowed: \"earliest\", \"weighted\", \"redundant\" or "
                "\"redundant-all\""),
      std::string::npos);
  EXPECT_NE(
      errors_of(with_lines("buffer_bytes = 1000")).find("interface.buffer_bytes: saw 1000; allowed: 4194304"),
      std::string::npos);
}

TEST(Config, FindsTheSameAllowedPrefixWhateverItsHostBits) {
  const std::string text = with(kHub, kFirstPeer, then_peer("a", "\"10.7.0.9/16\""));
  EXPECT_NE(errors_of(with(text, "10.0.0.2/32", "10.7.1.1/16")).find("which peer \"a\" has"),
            std::string::npos);
}

// Keys in the place of other values, whole and with characters missing.
TEST(Config, NeverShowsWhatMayBeAPrivateKey) {
  const std::string key = "BQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQ=";
  for (const std::string& shown : {key, key.substr(0, 43), key.substr(1), key.substr(0, 41)}) {
    for (const std::string& text :
         {with(kHub, "private_key_file = \"/k\"", "private_key = \"" + shown + "\""),
          with(kHub, "private_key_file = \"/k\"", "private_key_file = \"" + shown + "\""),
          with(kHub, "private_key_file = \"/k\"", "private_key_file = \"\"\"\n" + shown + "\n\"\"\""),
          with(kHub, "name = \"hw0\"", "name = \"" + shown + "\""),
          with(kHub, "[[peer]]", "[[peer]]\npreshared_key = \"" + shown + "\""),
          with(kHub, "[[peer]]", "[[peer]]\npreshared_key_file = [\"" + shown + "\"]")}) {
      const std::string errors = errors_of(text);
      EXPECT_EQ(errors.find(key.substr(1, 16)), std::string::npos) << errors;
      EXPECT_NE(errors.find("a value that is not shown, as it may be a key"), std::string::npos) << errors;
    }
  }
}

TEST(Config, TakesNoKeyForThePathOfItsFile) {
  const std::string key = "/gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
  EXPECT_NE(errors_of(with(kHub, "\"/k\"", "\"" + key + "\"")).find("never the key itself"),
            std::string::npos);
}

TEST(Config, ReportsAllMistakesTogetherInTheOrderOfTheFile) {
  std::string text = with(kEdge, "mtu = 1400", "mtu = 1");
  text = with(text, "role = \"always\"", "role = \"no\"");
  text = with(text, "192.0.2.1:1", "no where");
  const auto config = parse_config(text, "f.toml");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 3U);
  EXPECT_EQ(config.error()[0].line, 5U);
  EXPECT_EQ(config.error()[1].line, 15U);
  EXPECT_EQ(config.error()[2].line, 22U);
}

TEST(Config, RefusesAFileThatOthersMayChangeOrReplace) {
  std::string folder = testing::TempDir() + "hawser-config-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/hub.toml";
  std::ofstream(file) << kHub;
  const auto refusal = [&file] {
    const auto config = load_config(file);
    return config ? "" : config.error().at(0).to_string();
  };
  EXPECT_EQ(refusal(), "");
  ::chmod(file.c_str(), 0664);
  EXPECT_EQ(refusal(), file + ": other users may change the file (mode 0664); run: chmod go-w " + file);
  ::chmod(file.c_str(), 0644);
  ::chmod(folder.c_str(), 0777);
  EXPECT_EQ(refusal(), file + ": other users may replace files in the directory " + folder +
                           " (mode 0777); run: chmod go-w " + folder);
  std::filesystem::remove_all(folder);
}

TEST(Config, ReportsWhyAFileCannotBeRead) {
  const auto missing = load_config("/nonexistent/x.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().at(0).to_string(),
            "/nonexistent/x.toml: cannot be read: No such file or directory; allowed: a readable TOML file");
  EXPECT_FALSE(load_config("/"));
}

TEST(Config, ReadsHooks) {
  EXPECT_FALSE(parse_config(kHub, "f.toml")->hooks);
  const auto config = parse_config(std::string(kHub) + "[hooks]\ncommand = \"/bin/true\"\n", "f.toml");
  ASSERT_TRUE(config && config->hooks);
  EXPECT_EQ(config->hooks->command, "/bin/true");
  EXPECT_EQ(config->hooks->command_line, 11U);
  EXPECT_EQ(config->hooks->timeout_seconds, 10U);
  const auto lazy = parse_config(std::string(kHub) + "[hooks]\ncommand = \"/x\"\ntimeout = 60\n", "f.toml");
  ASSERT_TRUE(lazy);
  EXPECT_EQ(lazy->hooks->timeout_seconds, 60U);
}

TEST(Config, NamesMistakesAboutHooks) {
  const auto errors = [](const std::string& lines) { return errors_of(kHub + lines); };
  EXPECT_EQ(errors("hooks = 3\n").substr(0, 15), "f.toml:10: peer");  // a key of the last [[peer]]
  EXPECT_EQ(errors("[[hooks]]\n").substr(0, 23), "f.toml:10: hooks: saw [");
  EXPECT_EQ(errors("[hooks]\n").substr(0, 33), "f.toml:10: hooks.command: missing");
  for (const char* bad : {"\"on-event\"", "\"./x\"", "\"/x\\n\"", "[\"/x\", \"y\"]", "7"}) {
    EXPECT_NE(errors("[hooks]\ncommand = " + std::string(bad) + "\n").find("hooks.command: saw "),
              std::string::npos);
  }
  for (const char* bad : {"0", "61", "1.5", "\"10\""}) {
    const std::string text = errors("[hooks]\ncommand = \"/x\"\ntimeout = " + std::string(bad) + "\n");
    EXPECT_NE(text.find("f.toml:12: hooks.timeout: saw "), std::string::npos) << text;
    EXPECT_NE(text.find("allowed: 1 to 60 seconds"), std::string::npos) << text;
  }
  EXPECT_NE(errors("[hooks]\ncommand = \"/x\"\nshell = true\n").find("hooks.shell: unknown key"),
            std::string::npos);
}

// Without the checks of load_config(): the source tree may belong to another user than the tests.
Result<Config, ConfigErrors> parse_example(const std::string& name) {
  std::ifstream in(HAWSER_SOURCE_DIR "/conf/" + name);
  return parse_config(std::string(std::istreambuf_iterator<char>(in), {}), name);
}

TEST(Config, LoadsTheExamples) {
  for (const char* file : {"hub.toml", "edge.toml"}) {
    const auto config = parse_example(file);
    EXPECT_TRUE(config) << (config ? "" : config.error().at(0).to_string());
  }
}

TEST(Config, MakesTheExampleEdgeAPeerOfTheExampleHub) {
  const auto hub = parse_example("hub.toml");
  const auto edge = parse_example("edge.toml");
  ASSERT_TRUE(hub && edge);
  EXPECT_EQ(hub->peers[0].allowed_ips.at(0).ip, edge->interface.addresses.at(0).ip);
}

TEST(HostPort, MeansPort9899WhereNoneIsNamed) {
  const auto endpoint = [](std::string_view text) {
    const auto parsed = HostPort::parse(text);
    return parsed ? parsed->to_string() : "refused";
  };
  EXPECT_EQ(endpoint("hub.example.net"), "hub.example.net:9899");
  EXPECT_EQ(endpoint("192.0.2.1"), "192.0.2.1:9899");
  EXPECT_EQ(endpoint("[fd::1]"), "[fd::1]:9899");
  EXPECT_EQ(endpoint("fd::1"), "[fd::1]:9899");
  EXPECT_EQ(endpoint("2001:db8:0:0:0:0:0:1"), "[2001:db8::1]:9899");
  EXPECT_EQ(endpoint("[fd::1]:53"), "[fd::1]:53");
  for (const char* wrong : {"", ":", "hub:", ":9899", "[192.0.2.1]", "[hub]", "[fd::1", "fd::1]", "[fd::1]:",
                            "192.0.2", "::", "[::]", "0.0.0.0", "hub:0", "hub:1:2", "[fd::1%eth0]"}) {
    EXPECT_EQ(endpoint(wrong), "refused") << wrong;
  }
}

TEST(HostPort, RefusesAnIpv6AddressWhoseEndMayBeAPort) {
  for (const char* either : {"fd::1:9899", "2001:db8::a:1", "::1:53"})
    EXPECT_FALSE(HostPort::parse(either)) << either;
  for (const char* clear : {"fd::1", "2001:db8::1", "2001:db8::a:f00d", "1:2:3:4:5:6:7:8"})
    EXPECT_TRUE(HostPort::parse(clear)) << clear;
}

}  // namespace
}  // namespace hawser::daemon::config
