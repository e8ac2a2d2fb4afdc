#include "daemon/config.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace hawser::daemon {
namespace {

constexpr const char* kHub = R"([interface]
name = "hw0"
address = ["10.0.0.1/24"]
listen = ["0.0.0.0:9899"]
[[peer]]
name = "edge1"
allowed_ips = ["10.0.0.2/32"]
)";

constexpr const char* kEdge = R"([interface]
name = "hw0"
address = ["10.0.0.2/24", "fd00::2/64"]
identity = "edge1"
mtu = 1400
control_socket = "/tmp/x.sock"
queue_bytes = 65536
routes = false
[[uplink]]
interface = "eth0"
label = "dsl"
role = "always"
[[uplink]]
interface = "eth1"
[[peer]]
name = "hub"
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

/// `base` with `from` replaced, which must be there.
std::string with(std::string base, const std::string& from, const std::string& to) {
  const std::size_t at = base.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return base.replace(at, from.size(), to);
}

TEST(Config, ReadsAnEdge) {
  const auto config = parse_config(kEdge, "f.toml");
  ASSERT_TRUE(config) << errors_of(kEdge);
  EXPECT_EQ(config->interface.name, "hw0");
  EXPECT_EQ(config->interface.identity, "edge1");
  EXPECT_EQ(config->interface.mtu, 1400U);
  EXPECT_EQ(config->interface.queue_bytes, 65536U);
  EXPECT_EQ(config->interface.control_socket, "/tmp/x.sock");
  EXPECT_FALSE(config->interface.routes);
  ASSERT_EQ(config->uplinks.size(), 2U);
  EXPECT_EQ(config->uplinks[0].label, "dsl");
  EXPECT_EQ(config->uplinks[1].label, "eth1");
  ASSERT_EQ(config->peers.size(), 1U);
  ASSERT_EQ(config->peers[0].endpoint.size(), 3U);
  EXPECT_FALSE(config->peers[0].endpoint[0].literal);
  EXPECT_EQ(config->peers[0].endpoint[0].port, 9899);
  EXPECT_EQ(config->peers[0].endpoint[2].literal->to_string(), "[2001:db8::1]:2");
}

TEST(Config, ReadsAHubWithDefaults) {
  const auto config = parse_config(kHub, "f.toml");
  ASSERT_TRUE(config) << errors_of(kHub);
  EXPECT_EQ(config->interface.identity, "hw0");
  EXPECT_EQ(config->interface.mtu, 1392U);
  EXPECT_EQ(config->interface.control_socket, "/run/hawser/hw0.sock");
  EXPECT_TRUE(config->interface.routes);
  EXPECT_EQ(config->interface.listen.at(0).port, 9899);
  EXPECT_TRUE(config->peers.at(0).endpoint.empty());
}

struct Mistake {
  const char* base;
  const char* from;
  const char* to;
  const char* message;  ///< the first of the error messages begins with this
};

class ConfigMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistakes, AreNamedWithLineKeyValueAndWhatIsAllowed) {
  const Mistake& m = GetParam();
  const std::string errors = errors_of(with(m.base, m.from, m.to));
  EXPECT_EQ(errors.substr(0, std::string_view(m.message).size()), m.message) << errors;
  EXPECT_NE(errors.find("; allowed: "), std::string::npos) << errors;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigMistakes,
    testing::Values(
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
        Mistake{kEdge, "identity = \"edge1\"", "identity = \"edge 1\"",
                "f.toml:4: interface.identity: saw \"edge 1\"; allowed: 1 to 64 of"},
        Mistake{kEdge, "mtu = 1400", "mtu = 900",
                "f.toml:5: interface.mtu: saw 900; allowed: 1280 to 9000 bytes, as there is an IPv6 address"},
        Mistake{kHub, "name = \"hw0\"", "name = \"hw0\"\nmtu = 500",
                "f.toml:3: interface.mtu: saw 500; allowed: 576 to 9000 bytes"},
        Mistake{kEdge, "mtu = 1400", "mtu = \"1400\"",
                "f.toml:5: interface.mtu: saw \"1400\"; allowed: 1280"},
        Mistake{kEdge, "/tmp/x.sock", "x.sock",
                "f.toml:6: interface.control_socket: saw \"x.sock\"; allowed: an absolute path"},
        Mistake{kEdge, "queue_bytes = 65536", "queue_bytes = 1",
                "f.toml:7: interface.queue_bytes: saw 1; allowed: 16384"},
        Mistake{kEdge, "routes = false", "routes = 0",
                "f.toml:8: interface.routes: saw 0; allowed: true or false"},
        Mistake{kEdge, "routes = false", "adress = [1]",
                "f.toml:8: interface.adress: unknown key, saw [ 1 ]; allowed: name, identity, address"},
        Mistake{kEdge, "routes = false", "private_key_file = \"k\"",
                "f.toml:8: interface.private_key_file: saw \"k\"; allowed: no keys yet"},
        Mistake{kEdge, "role = \"always\"", "role = \"backup\"",
                "f.toml:12: uplink.role: saw \"backup\"; allowed: \"always\"; \"secondary\""},
        Mistake{kEdge, "role = \"always\"", "rule = \"always\"",
                "f.toml:12: uplink.rule: unknown key, saw \"always\"; allowed: interface, label, role"},
        Mistake{kEdge, "label = \"dsl\"", "max_upload = \"1 Mbit/s\"",
                "f.toml:11: uplink.max_upload: saw \"1 Mbit/s\"; allowed: no caps yet"},
        Mistake{kEdge, "interface = \"eth1\"", "interface = \"eth0\"",
                "f.toml:14: uplink.interface: saw \"eth0\" again; allowed: a value that no other"},
        Mistake{kEdge, "interface = \"eth1\"", "label = \"x\"", "f.toml:13: uplink.interface: missing"},
        Mistake{kEdge, "hub.example.net:9899", "hub.example.net",
                "f.toml:17: peer.endpoint: saw \"hub.example.net\"; allowed: a host and UDP port"},
        Mistake{kEdge, "192.0.2.1:1", "192.0.2.256:1", "f.toml:17: peer.endpoint: saw \"192.0.2.256:1\""},
        Mistake{kEdge, "192.0.2.1:1", "0.0.0.0:1", "f.toml:17: peer.endpoint: saw \"0.0.0.0:1\""},
        Mistake{kEdge, "192.0.2.1:1", "192.0.2.1:0", "f.toml:17: peer.endpoint: saw \"192.0.2.1:0\""},
        Mistake{kEdge, "hub.example.net:9899", "hub.example.net:99999",
                "f.toml:17: peer.endpoint: saw \"hub.ex"},
        Mistake{kEdge, "name = \"hub\"", "public_key = \"abc\"", "f.toml:15: peer.name: missing"},
        Mistake{kEdge, "name = \"hub\"", "name = \"hub\"\npublic_key = \"abc\"",
                "f.toml:17: peer.public_key: saw \"abc\"; allowed: no keys yet"},
        Mistake{kEdge, "allowed_ips = [\"0.0.0.0/0\", \"::/0\"]", "", "f.toml:15: peer.allowed_ips: missing"},
        Mistake{kEdge, "endpoint = [\"hub.example.net:9899\", \"192.0.2.1:1\", \"[2001:db8::1]:2\"]", "",
                "f.toml:15: peer.endpoint: missing; allowed: a host and UDP port"},
        Mistake{kHub, "0.0.0.0:9899", "0.0.0.0",
                "f.toml:4: interface.listen: saw \"0.0.0.0\"; allowed: an address and"},
        Mistake{kHub, "[\"0.0.0.0:9899\"]", "[\"0.0.0.0:9899\", \"0.0.0.0:9899\"]",
                "f.toml:4: interface.listen: saw \"0.0.0.0:9899\" twice; allowed: each address once"},
        Mistake{kHub, "[[peer]]\n", "[[uplink]]\ninterface = \"eth0\"\n[[peer]]\n",
                "f.toml:6: uplink: saw [[uplink]] without a peer to call; allowed: "},
        Mistake{kHub, "[[peer]]\n", "[[peer]]\nname = \"edge1\"\nallowed_ips = []\n[[peer]]\n",
                "f.toml:9: peer.name: saw \"edge1\" again; allowed: "},
        Mistake{kHub, "[[peer]]\n", "[[peer]]\nname = \"a\"\nallowed_ips = [\"10.0.0.2/\"]\n[[peer]]\n",
                "f.toml:7: peer.allowed_ips: saw \"10.0.0.2/\"; allowed: an address with"},
        Mistake{kHub, "[[peer]]\n", "[[peer]]\nname = \"a\"\nallowed_ips = [\"10.0.0.2/32\"]\n[[peer]]\n",
                "f.toml:10: peer.allowed_ips: saw \"10.0.0.2/32\", which peer \"a\" has; allowed: "},
        Mistake{kHub, "[[peer]]\nname = \"edge1\"\nallowed_ips = [\"10.0.0.2/32\"]\n", "",
                "f.toml:1: peer: missing; allowed: at least one [[peer]]"},
        Mistake{kHub, "[[peer]]", "[peer]", "f.toml:5: peer: saw "},
        Mistake{kHub, "[interface]", "[interfaces]", "f.toml:1: interface"},
        Mistake{kHub, "name = \"hw0\"", "name = \"hw0", "f.toml:2: "}));

TEST(Config, FindsTheSameAllowedPrefixWhateverItsHostBits) {
  const std::string text =
      with(kHub, "[[peer]]\n", "[[peer]]\nname = \"a\"\nallowed_ips = [\"10.7.0.9/16\"]\n[[peer]]\n");
  EXPECT_NE(errors_of(with(text, "10.0.0.2/32", "10.7.1.1/16")).find("which peer \"a\" has"),
            std::string::npos);
}

TEST(Config, ReportsAllMistakesAtOnceInTheOrderOfTheFile) {
  std::string text = with(kEdge, "mtu = 1400", "mtu = 1");
  text = with(text, "role = \"always\"", "role = \"no\"");
  text = with(text, "192.0.2.1:1", "nowhere");
  const auto config = parse_config(text, "f.toml");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 3U);
  EXPECT_EQ(config.error()[0].line, 5U);
  EXPECT_EQ(config.error()[1].line, 12U);
  EXPECT_EQ(config.error()[2].line, 17U);
}

TEST(Config, SaysWhyAFileCannotBeRead) {
  const auto missing = load_config("/nonexistent/x.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().at(0).to_string(),
            "/nonexistent/x.toml: cannot be read: No such file or directory; allowed: a readable TOML file");
  EXPECT_FALSE(load_config("/"));
}

TEST(Config, LoadsTheExamples) {
  for (const char* file : {"hub.toml", "edge.toml"}) {
    const auto config = load_config(std::string(HAWSER_SOURCE_DIR "/conf/") + file);
    EXPECT_TRUE(config) << (config ? "" : config.error().at(0).to_string());
  }
}

TEST(Config, MakesTheExampleEdgeAPeerOfTheExampleHub) {
  const auto hub = load_config(HAWSER_SOURCE_DIR "/conf/hub.toml");
  const auto edge = load_config(HAWSER_SOURCE_DIR "/conf/edge.toml");
  ASSERT_TRUE(hub && edge);
  EXPECT_EQ(hub->peers.at(0).name, edge->interface.identity);
  EXPECT_EQ(hub->peers[0].allowed_ips.at(0).ip, edge->interface.addresses.at(0).ip);
}

}  // namespace
}  // namespace hawser::daemon
