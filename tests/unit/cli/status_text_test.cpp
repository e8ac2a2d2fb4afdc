#include "cli/status_text.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "cli/table.hpp"

namespace hawser::cli {
namespace {

control::Path path(std::uint32_t id, const char* label) {
  control::Path p;
  p.id = id;
  p.label = label;
  p.interface = "eth" + std::to_string(id);
  p.local = "0.0.0.0";
  p.remote = "203.0.113.1:9899";
  p.state = "active";
  p.primary = id == 0;
  p.rtt_ms = 40.25;
  p.mtu = 1424;
  p.congestion = "cubic";
  p.cwnd = 123456;
  p.flight = 1200;
  p.tx_mbps = 47.91;
  p.loss_percent = 1.25;
  p.role = "always";
  p.reason = "no data to send";
  p.ecn = "capable";
  p.counters = {{"data_chunks_retransmitted", 12}, {"ecn_marks_reported", 40 * id}};
  return p;
}

control::Status status() {
  control::Status s;
  s.version = "0.1.0";
  s.pid = 7;
  s.uptime_s = 125;
  s.public_key = "OWNKEY=";
  s.interface = {"hawser0", {"10.0.0.2/24"}, 1392, {}};
  s.interface.up = true;
  s.uplinks = {{"lte", "eth0", "always", true, ""}, {"sat", "eth9", "always", false, "no carrier"}};
  control::Peer peer;
  peer.name = "hub";
  peer.public_key = "HUBKEY=";
  peer.state = "up";
  peer.mtu = 1280;
  peer.endpoint = {"203.0.113.1:9899"};
  peer.allowed_ips = {"0.0.0.0/0"};
  s.peers = {peer};
  control::Association association;
  association.peer = "hub";
  association.protection = control::Security{"aes-128-gcm", 3, 12.4, 75, 4};
  association.paths = {path(0, "lte"), path(1, "a-longer-label")};
  s.associations = {association};
  s.drops.engine = {{"bad_checksum", 0}, {"stale_sack", 3}};
  return s;
}

std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.find(part) != std::string::npos) found.push_back(line);
  }
  return found;
}

TEST(StatusText, HasARowForEachPath) {
  const std::string text = status_text(status());
  const auto rows = lines_with(text, "203.0.113.1:9899  active");
  ASSERT_EQ(rows.size(), 2U) << text;
  for (const char* cell : {"lte", "eth0", "active*", "always", "no data to send", "40.2 ms", "1452", "123 kB",
                           "1200 B", "47.9", "1.2 %", "12"}) {
    EXPECT_NE(rows[0].find(cell), std::string::npos) << cell << " in " << rows[0];
  }
  EXPECT_EQ(rows[1].find("active*"), std::string::npos);
  EXPECT_NE(rows[0].find("  capable  "), std::string::npos) << rows[0];
  EXPECT_NE(rows[1].find("capable, 40 marked"), std::string::npos) << rows[1];
}

TEST(StatusText, AlignsColumnsAndLeavesNoTrailingSpaces) {
  const std::string text = status_text(status());
  const auto title = lines_with(text, "REMOTE").at(0);
  for (const auto& row : lines_with(text, "203.0.113.1:9899  active")) {
    EXPECT_EQ(row.find("203.0.113.1"), title.find("REMOTE"));
    EXPECT_EQ(row.find("no data to send"), title.find("REASON"));
  }
  EXPECT_TRUE(lines_with(text + "\n", " \n").empty());
}

TEST(StatusText, ShowsUnusableUplinksAndOnlyDropsThatHappened) {
  const std::string text = status_text(status());
  EXPECT_EQ(lines_with(text, "sat (eth9)  cannot be used: no carrier").size(), 1U);
  EXPECT_EQ(lines_with(text, "stale_sack 3").size(), 1U);
  EXPECT_TRUE(lines_with(text, "bad_checksum").empty());
  EXPECT_EQ(lines_with(text, "up 2 min 5 s").size(), 1U);
}

TEST(StatusText, ShowsWhatTheInterfaceHasAndWhatIsWrongWithIt) {
  control::Status s = status();
  EXPECT_EQ(lines_with(status_text(s), "interface  hawser0  10.0.0.2/24  mtu 1392  up 2 min 5 s").size(), 1U);
  for (const char* absent : {"routes", "missing", "conflict", "kill switch", "down"})
    EXPECT_TRUE(lines_with(status_text(s), absent).empty()) << absent;
  s.interface.address.clear();
  s.interface.up = false;
  for (int i = 0; i < 10; ++i)
    s.interface.routes.push_back("10." + std::to_string(i) + ".0.0/16 metric 9899");
  s.interface.missing = {{"address 10.0.0.2/24", "the interface is down"}};
  s.interface.conflicts = {"two networks"};
  s.interface.kill_switch_table = 7;
  const std::string text = status_text(s);
  for (const char* line :
       {"hawser0  no address  mtu 1392  up 2 min 5 s  the interface is down",
        "routes     10.0.0.0/16 metric 9899, 10.1.0.0/16 metric 9899, ",
        "10.7.0.0/16 metric 9899, and 2 more", "missing    address 10.0.0.2/24: the interface is down",
        "conflict   two networks", "kill switch on, table 7"}) {
    EXPECT_EQ(lines_with(text, line).size(), 1U) << text;
  }
}

TEST(StatusText, HasARowWithTheReasonForAnUplinkWithoutAPath) {
  control::Status s = status();
  s.associations[0].missing = {{"sat", "eth9", "not usable", 0.83}};
  const auto rows = lines_with(status_text(s), "not usable; next try in 0.8 s");
  ASSERT_EQ(rows.size(), 1U);
  for (const char* cell : {"sat", "eth9", "no path"})
    EXPECT_NE(rows[0].find(cell), std::string::npos) << cell;
  s.associations[0].missing = {{"sat", "eth9", "no carrier", 0}};  // no time passes until the next try
  EXPECT_TRUE(lines_with(status_text(s), "next try").empty());
}

TEST(StatusText, ShowsTheMtuTowardsAPeerAndWhyItCarriesNothing) {
  control::Status s = status();
  EXPECT_EQ(lines_with(status_text(s), "peer hub  up  mtu 1280  endpoint 203.0.113.1:9899").size(), 1U);
  EXPECT_EQ(lines_with(status_text(s), "mtu 1280").size(), 1U);
  s.peers[0].reason = "no path since 283 s";
  EXPECT_EQ(lines_with(status_text(s), "peer hub  up, no path since 283 s  mtu 1280").size(), 1U);
  s.peers[0].state = "waiting";
  s.peers[0].mtu = 0;
  s.peers[0].reason = "cannot resolve hub.test: server failure (198.51.100.53)";
  EXPECT_EQ(lines_with(status_text(s),
                       "peer hub  waiting: cannot resolve hub.test: server failure "
                       "(198.51.100.53)  endpoint 203.0.113.1:9899")
                .size(),
            1U);
}

TEST(StatusText, ShowsCapsAndQuotasOfUplinks) {
  control::Status s = status();
  EXPECT_TRUE(lines_with(status_text(s), "uplink     lte").empty()) << "nothing to show";
  s.uplinks[0].max_upload_mbps = 20;
  s.uplinks[0].quota = control::Quota{51'000'000'000, 50'000'000'000, true, "2026-12-01"};
  const auto line = lines_with(status_text(s), "uplink     lte (eth0)").at(0);
  EXPECT_NE(line.find("max upload 20 Mbit/s"), std::string::npos) << line;
  EXPECT_EQ(line.find("max download"), std::string::npos);
  EXPECT_NE(line.find("quota: 51 GB of 50 GB used up, reset date 2026-12-01"), std::string::npos) << line;
}

TEST(StatusText, ShowsKeysAndTheirAges) {
  const std::string text = status_text(status());
  EXPECT_EQ(lines_with(text, "public key OWNKEY=").size(), 1U);
  EXPECT_EQ(lines_with(text, "  public key HUBKEY=").size(), 1U);
  EXPECT_EQ(
      lines_with(text, "  cipher aes-128-gcm, epoch 3, keys 12 s old, last handshake 1 min 15 s ago").size(),
      1U);
}

TEST(StatusText, ShowsThatAnAssociationIsBeingSetUp) {
  control::Status s = status();
  s.associations.emplace_back();
  s.associations[1].id = 9;
  s.associations[1].peer = "hub";
  s.associations[1].state = "cookie_wait";
  EXPECT_EQ(lines_with(status_text(s), "  association 9: being set up (cookie_wait)").size(), 1U);
}

TEST(Table, ShowsEmptyCellsAsDashes) {
  Table table({{"A"}, {"B", Table::Align::right}});
  table.add({"", "1"});
  table.add({"xyz", ""});
  EXPECT_EQ(table.to_string(1), " A    B\n -    1\n xyz  -\n");
}

}  // namespace
}  // namespace hawser::cli
