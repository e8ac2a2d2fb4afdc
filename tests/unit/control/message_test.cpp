#include "control/message.hpp"

#include <gtest/gtest.h>

namespace hawser::control {
namespace {

Status sample() {
  Status s;
  s.version = "1.2.3";
  s.pid = 42;
  s.uptime_s = 12.5;
  s.public_key = "own=";
  s.interface = {"hawser0", {"10.0.0.1/24", "fd00::1/64"}, 1392, {{"rx_packets", 7}}};
  s.listen = {"0.0.0.0:9899"};
  s.uplinks = {{"lte", "wwan0", "always", true, ""}};
  s.sockets = {{3, "lte", "wwan0", "0.0.0.0:40000", {{"tx_bytes", 18446744073709551615U}}}};
  Peer peer;
  peer.name = "hub";
  peer.public_key = "hub=";
  peer.state = "up";
  peer.endpoint = {"hub.example.net:9899"};
  peer.association = 5;
  s.peers = {peer, Peer{}};
  Path path;
  path.id = 1;
  path.label = "lte";
  path.remote = "203.0.113.1:9899";
  path.state = "active";
  path.primary = true;
  path.rtt_ms = 40.125;
  path.cwnd = 1U << 20;
  path.counters = {{"timeouts", 2}};
  Association association;
  association.id = 5;
  association.peer = "hub";
  association.paths = {path};
  association.protection = Security{"aes-128-gcm", 3, 12.5, 13.25, 4};
  s.associations = {association, Association{}};
  s.drops.engine = {{"bad_checksum", 1}};
  s.drops.tunnel = {{"no_peer", 0}};
  return s;
}

TEST(StatusMessage, RoundTrips) {
  const std::string line = make_status(sample());
  const auto back = parse_status(line);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(make_status(*back), line);
  EXPECT_EQ(back->peers[0].association, 5U);
  EXPECT_EQ(back->peers[1].association, std::nullopt);
  EXPECT_EQ(back->sockets[0].counters.at("tx_bytes"), 18446744073709551615U);
  EXPECT_EQ(back->peers[0].public_key, "hub=");
  ASSERT_TRUE(back->associations[0].protection);
  EXPECT_EQ(back->associations[0].protection->cipher, "aes-128-gcm");
  EXPECT_DOUBLE_EQ(back->associations[0].protection->last_handshake_age_s, 13.25);
  EXPECT_FALSE(back->associations[1].protection);
  EXPECT_DOUBLE_EQ(back->associations[0].paths[0].rtt_ms, 40.125);
  EXPECT_TRUE(back->associations[0].paths[0].primary);
}

TEST(StatusMessage, RoundsAndCapsNumbers) {
  Status status = sample();
  double& rtt = status.associations[0].paths[0].rtt_ms;
  const auto written = [&] { return parse_status(make_status(status))->associations[0].paths[0].rtt_ms; };
  rtt = 41.34567;
  EXPECT_DOUBLE_EQ(written(), 41.346);
  constexpr double kMost = 0x1p51 / 1000.0;
  for (const double large : {kMost, 1.0 / 3 + 0x1p42, 2.1829489720880483e+41, 1.7976931348623157e308}) {
    rtt = large;
    EXPECT_EQ(written(), kMost);
    rtt = -large;
    EXPECT_EQ(written(), -kMost);
  }
}

TEST(StatusMessage, RefusesNumbersThatAreNotFinite) {
  for (const char* number : {"0e797158", "1e99999", "-1e99999"}) {
    const auto status = parse_status(std::string(R"({"version":"1","uptime_s":)") + number + "}");
    ASSERT_FALSE(status) << number;
    EXPECT_EQ(status.error().message, "a field of the status has an unexpected type");
  }
}

TEST(StatusMessage, IsOneLine) {
  Status status = sample();
  status.public_key = "line\nbreak";
  const std::string line = make_status(status);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(StatusMessage, IgnoresUnknownKeysAndKeepsDefaultsForMissingOnes) {
  const auto status = parse_status(R"({"version":"9","new":{"a":[1]},"peers":[{"name":"x","new":1}]})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->peers.at(0).name, "x");
  EXPECT_EQ(status->pid, 0U);
}

TEST(StatusMessage, RefusesWhatIsNoStatus) {
  EXPECT_FALSE(parse_status(""));
  EXPECT_FALSE(parse_status("[]"));
  EXPECT_FALSE(parse_status("{}"));
  EXPECT_FALSE(parse_status(R"({"version":1})"));
  EXPECT_FALSE(parse_status(R"({"version":"1","pid":-1})"));
  EXPECT_FALSE(parse_status(R"({"version":"1","peers":{}})"));
  EXPECT_FALSE(parse_status(R"({"version":"1","drops":{"engine":{"x":"y"}}})"));
}

TEST(StatusMessage, ShowsTheDaemonsError) {
  const auto status = parse_status(make_error("no \"such\" thing"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "no \"such\" thing");
}

TEST(Request, RoundTrips) {
  std::string line = make_request({});
  ASSERT_TRUE(line.ends_with('\n'));
  line.pop_back();
  const auto request = parse_request(line);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->command, Command::status);
}

TEST(Request, CarriesASettingOfAPath) {
  const auto request = parse_request(make_request({Command::path_set, {"lte", "max_upload", "10 Mbit/s"}}));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->command, Command::path_set);
  EXPECT_EQ(request->setting.label, "lte");
  EXPECT_EQ(request->setting.setting, "max_upload");
  EXPECT_EQ(request->setting.value, "10 Mbit/s");
}

TEST(PathChange, RoundTripsOrIsTheDaemonsError) {
  const auto change = parse_path_change(make_path_change({"lte", "role", "always", "backup", true}));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before, "always");
  EXPECT_EQ(change->after, "backup");
  EXPECT_TRUE(change->over_quota);
  EXPECT_EQ(parse_path_change(make_error("no")).error().message, "no");
  EXPECT_FALSE(parse_path_change("{}"));
  EXPECT_FALSE(parse_path_change(R"({"after":1})"));
}

TEST(Request, NamesWhatIsWrong) {
  const auto error = [](std::string_view line) { return parse_request(line).error().message; };
  EXPECT_TRUE(error("status").starts_with("not JSON: "));
  EXPECT_TRUE(error("").starts_with("not JSON: "));
  EXPECT_EQ(error("3"), "not a JSON object");
  EXPECT_EQ(error("{}"), R"("command" is missing; allowed: "status", "path_set")");
  EXPECT_EQ(error(R"({"command":"stop"})"), R"(unknown command "stop"; allowed: "status", "path_set")");
  EXPECT_EQ(error(R"({"command":{}})"), R"(unknown command {}; allowed: "status", "path_set")");
  EXPECT_EQ(error(R"({"command":"status","x":1})"), R"(unknown key "x")");
  EXPECT_EQ(error(R"({"command":"path_set","label":"lte","setting":"role"})"),
            R"("value" is missing or not a string)");
  EXPECT_EQ(error(R"({"command":"path_set","label":7,"setting":"role","value":"never"})"),
            R"("label" is missing or not a string)");
  EXPECT_EQ(error(R"({"command":"path_set","label":"lte","setting":"role","value":"never","x":1})"),
            R"(unknown key "x")");
  EXPECT_TRUE(error(std::string(3000, '[')).starts_with("not JSON: "));
}

TEST(DefaultSocket, IsNamedAfterTheInterface) {
  EXPECT_EQ(default_socket("hawser0"), "/run/hawser/hawser0.sock");
}

}  // namespace
}  // namespace hawser::control
