// Roles, caps and quotas of the uplinks of a tunnel service.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

TEST_F(TunnelServiceTest, GivesPathsTheRoleOfTheirUplinkAtBothEndsAndChangesItLive) {
  std::string text = edge_text();
  text.replace(text.find("label = \"dsl\""), 13,
               "label = \"dsl\"\nrole = \"backup\"\nmax_download = \"5 Mbit/s\"");
  Machine mine(network, text, kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  machines = {&hub, &mine};
  start();
  run(2s);
  EXPECT_EQ(paths(mine).at("dsl").role, "backup");
  EXPECT_EQ(paths(mine).at("dsl").reason, "backup: better paths work");
  const auto at_hub = [this](const std::string& address) {
    for (const auto& [remote, path] : paths(hub)) {
      if (remote.starts_with(address)) return path;
    }
    return control::Path{};
  };
  EXPECT_EQ(at_hub("203.0.113.1").role, "backup");
  EXPECT_EQ(at_hub("203.0.113.1").cap_mbps, 5);
  EXPECT_EQ(paths(mine).at("dsl").cap_mbps, 0);

  ASSERT_TRUE(mine.service.set_path(now, {"dsl", "role", "always"}));
  ASSERT_TRUE(mine.service.set_path(now, {"dsl", "max_download", "none"}));
  const auto change = mine.service.set_path(now, {"lte", "role", "never"});
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before, "always");
  EXPECT_EQ(change->after, "never");
  run(1s);
  EXPECT_EQ(at_hub("203.0.113.1").role, "always");
  EXPECT_EQ(at_hub("203.0.113.1").cap_mbps, 0);
  EXPECT_EQ(at_hub("198.51.100.1").role, "never");
  EXPECT_EQ(mine.service.status(now).uplinks.at(0).role, "never");
  EXPECT_TRUE(carries(mine, hub, packet(2, 1)));
}

TEST_F(TunnelServiceTest, GivesPathsTheCongestionControlOfTheirUplinkAndChangesItLive) {
  std::string text = edge_text();
  text.replace(text.find("label = \"dsl\""), 13, "label = \"dsl\"\ncongestion = \"coupled\"");
  text.replace(text.find("[interface]"), 11, "[interface]\ncongestion = \"cubic\"");
  Machine mine(network, text, kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  machines = {&hub, &mine};
  start();
  run(2s);
  EXPECT_EQ(paths(mine).at("lte").congestion, "cubic") << "that of the interface";
  EXPECT_EQ(paths(mine).at("dsl").congestion, "coupled");
  for (const auto& [remote, path] : paths(hub))
    EXPECT_EQ(path.congestion, to_string(sctp::EndpointConfig{}.congestion)) << "each end chooses its own";

  const auto change = mine.service.set_path(now, {"dsl", "congestion", "newreno"});
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before, "coupled");
  EXPECT_EQ(change->after, "newreno");
  EXPECT_EQ(paths(mine).at("dsl").congestion, "newreno");
  EXPECT_EQ(mine.service.status(now).uplinks.at(1).congestion, "newreno");
  EXPECT_EQ(paths(mine).at("lte").congestion, "cubic");
  EXPECT_TRUE(carries(mine, hub, packet(2, 1)));
}

TEST_F(TunnelServiceTest, DividesWhatItSendsByTheWeightsOfItsUplinks) {
  std::string text = edge_text();
  text.replace(text.find("label = \"dsl\""), 13, "label = \"dsl\"\nweight = 10");
  text.replace(text.find("[interface]"), 11, "[interface]\nscheduler = \"weighted\"");
  Machine mine(network, text, kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  machines = {&hub, &mine};
  start();
  run(2s);
  const control::Status status = mine.service.status(now);
  EXPECT_EQ(status.interface.scheduler, "weighted");
  EXPECT_EQ(status.uplinks.at(0).weight, 1U);
  EXPECT_EQ(status.uplinks.at(1).weight, 10U);
  const auto sent = [&](const std::string& label) {
    return paths(mine).at(label).counters.at("data_chunks_sent");
  };
  const std::uint64_t lte = sent("lte");
  const std::uint64_t dsl = sent("dsl");
  for (int i = 0; i < 220; ++i) EXPECT_TRUE(carries(mine, hub, packet(2, 1)));
  EXPECT_GE(sent("dsl") - dsl, 8 * (sent("lte") - lte));
  EXPECT_GT(sent("lte"), lte);
}

TEST_F(TunnelServiceTest, KeepsALiveChangeForAssociationsThatAreSetUpLater) {
  start();
  run(2s);
  ASSERT_TRUE(edge.service.set_path(now, {"dsl", "role", "backup"}));
  const auto restarted = restart_hub(3s);
  for (int i = 0; i < 100 && peer_state(*restarted) != "up"; ++i) run_with_traffic(100ms);
  run(2s);
  EXPECT_EQ(paths(edge).at("dsl").role, "backup");
  EXPECT_EQ(paths(edge).at("lte").role, "always");
}

TEST_F(TunnelServiceTest, NamesWhatIsWrongWithASettingOfAPath) {
  start();
  const auto error = [this](const control::PathSetting& setting) {
    return edge.service.set_path(now, setting).error().message;
  };
  EXPECT_EQ(error({"wifi", "role", "never"}), "label: saw \"wifi\"; allowed: lte, dsl");
  EXPECT_EQ(error({"lte", "roll", "never"}),
            "setting: saw \"roll\"; allowed: \"role\", \"max_upload\", \"max_download\" or \"congestion\"");
  EXPECT_EQ(error({"lte", "role", "no"}),
            "role: saw \"no\"; allowed: \"always\", \"secondary\", \"backup\" or \"never\"");
  EXPECT_EQ(error({"lte", "congestion", "reno"}),
            "congestion: saw \"reno\"; allowed: \"bbr\", \"cubic\", \"newreno\" or \"coupled\"");
  EXPECT_TRUE(error({"lte", "max_upload", "10"}).ends_with("as \"20 Mbit/s\", or \"none\""));
  EXPECT_EQ(hub.service.set_path(now, {"lte", "role", "never"}).error().message,
            "label: saw \"lte\"; allowed: none, as there is no uplink");
}

TEST_F(TunnelServiceTest, ReportsWhyAnUplinkHasNoPath) {
  edge.platform.unplug("eth1");
  start();
  run(2s);
  const auto missing = edge.service.status(now).associations.at(0).missing;
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].label, "dsl");
  EXPECT_EQ(missing[0].reason, "no interface");
  EXPECT_EQ(missing[0].next_try_s, 0);  // when the interface is there
}

class ServiceQuota : public TunnelServiceTest {
 protected:
  ServiceQuota() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-service-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    text = edge_text();
    text.replace(text.find("label = \"dsl\""), 13,
                 "label = \"dsl\"\nquota = \"1 MB\"\nover_quota = \"never\"");
    text.replace(text.find("label = \"lte\""), 13, "label = \"lte\"\nrole = \"backup\"");
    text.replace(text.find(state_folder()), state_folder().size(), folder);
  }
  ~ServiceQuota() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<Machine> begin() {
    auto mine = std::make_unique<Machine>(
        network, text, kEdgeKey,
        std::map<std::string, std::string>{{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
    mine->service.start(now);
    machines = {&hub, mine.get()};
    return mine;
  }
  void send(Machine& from, int packets) {
    for (int i = 0; i < packets; i += 10, run(5ms)) {
      for (int n = 0; n < 10; ++n) from.device.inject(packet(2, 1));
    }
  }
  control::Uplink dsl(const Machine& machine) { return machine.service.status(now).uplinks.at(1); }

  std::string folder;
  std::string text;
};

TEST_F(ServiceQuota, TakesAnUplinkOutWhenItsQuotaIsUsedUpAndBackAtTheReset) {
  hub.service.start(now);
  const auto mine = begin();
  run(2s);
  EXPECT_EQ(dsl(*mine).role, "always");
  EXPECT_EQ(dsl(*mine).quota->reset, "2026-12-01");
  send(*mine, 3000);
  run(1100ms);
  EXPECT_EQ(dsl(*mine).role, "never");
  EXPECT_TRUE(dsl(*mine).quota->over);
  EXPECT_EQ(paths(*mine).at("dsl").reason, "over quota");
  EXPECT_TRUE(mine->service.set_path(now, {"dsl", "role", "always"})->over_quota);
  EXPECT_EQ(dsl(*mine).role, "never") << "the quota overrides the setting";
  mine->platform.wall = std::chrono::sys_days(std::chrono::December / 1 / 2026);
  run(1100ms);
  EXPECT_EQ(dsl(*mine).role, "always");
  EXPECT_FALSE(dsl(*mine).quota->over);
}

TEST_F(ServiceQuota, RemembersWhatWasUsedAfterACrashAndAfterAStop) {
  hub.service.start(now);
  std::uint64_t used = 0;
  {
    const auto crashed = begin();
    run(2s);
    send(*crashed, 600);
    run(1100ms);
    used = dsl(*crashed).quota->used;
    EXPECT_GT(used, 200'000U);
  }
  {
    const auto stopped = begin();
    EXPECT_GE(dsl(*stopped).quota->used, used - 10'000) << "a hundredth may be lost";
    run(2s);
    stopped->service.stop(now);
    run(1s);
    ASSERT_TRUE(stopped->service.stopped());
    used = dsl(*stopped).quota->used;
  }
  EXPECT_EQ(dsl(*begin()).quota->used, used);
}

TEST_F(ServiceQuota, BeginsOverQuotaWhenItWasBefore) {
  hub.service.start(now);
  {
    const auto first = begin();
    run(2s);
    send(*first, 3000);
    run(1100ms);
  }
  EXPECT_EQ(dsl(*begin()).role, "never");
}

}  // namespace
}  // namespace hawser::daemon
