#include "daemon/peering/restart_notice.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hawser::daemon::peering {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class RestartNoticeTest : public testing::Test {
 protected:
  RestartNoticeTest() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = (fs::temp_directory_path() / "hawser-restart-notice-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~RestartNoticeTest() override { fs::remove_all(folder); }

  [[nodiscard]] std::string path() const { return folder + "/state/hw0.peers.json"; }
  [[nodiscard]] static PeerLocation location(std::uint16_t port) {
    return {*UdpAddress::parse("[::]:9899"),
            *IpAddress::parse("2001:db8::1"),
            {*IpAddress::parse("2001:db8:1::9"), port}};
  }
  [[nodiscard]] std::vector<PeerLocation> pending_in_next_run() const {
    RestartNotice next(path());
    next.load();
    return next.poll_locations();
  }

  std::string folder;
  Timestamp now{100s};
};

TEST_F(RestartNoticeTest, ACrashedHubLeavesTheLocationsOfItsPeers) {
  RestartNotice hub(path());
  hub.load();
  EXPECT_TRUE(hub.poll_locations().empty());
  hub.note(now, {location(2), location(1)});
  EXPECT_EQ(pending_in_next_run(), (std::vector{location(1), location(2)}));
}

TEST_F(RestartNoticeTest, EachLocationGetsThreeNotices) {
  RestartNotice(path()).note(now, {location(1)});
  RestartNotice next(path());
  next.load();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next.poll_locations().size(), 1U);
  EXPECT_TRUE(next.poll_locations().empty());
}

TEST_F(RestartNoticeTest, AHubThatShutsDownLeavesNothing) {
  RestartNotice hub(path());
  hub.note(now, {location(1)});
  hub.clear();
  EXPECT_TRUE(pending_in_next_run().empty());
}

TEST_F(RestartNoticeTest, TheFileFollowsTheFirstChangesNowAndLaterOnesEveryTenSeconds) {
  RestartNotice hub(path());
  for (std::uint16_t i = 1; i <= 10; ++i) {
    EXPECT_TRUE(hub.note(now, {location(i)}));
    EXPECT_TRUE(hub.note(now, {location(i)})) << "it is there";
  }
  EXPECT_FALSE(hub.may_save(now + 9s));
  EXPECT_FALSE(hub.note(now + 9s, {location(11)}));
  EXPECT_EQ(pending_in_next_run(), std::vector{location(10)});
  EXPECT_TRUE(hub.may_save(now + 10s));
  EXPECT_TRUE(hub.note(now + 10s, {location(11)}));
  EXPECT_EQ(pending_in_next_run(), std::vector{location(11)});
}

TEST_F(RestartNoticeTest, AHubWithoutAnyPeerYetKeepsTheFile) {
  RestartNotice(path()).note(now, {location(1)});
  RestartNotice next(path());
  next.load();
  next.note(now, {});
  EXPECT_EQ(pending_in_next_run(), std::vector{location(1)});
}

TEST_F(RestartNoticeTest, ADamagedFileIsKeptAsideAndCausesNoNotice) {
  RestartNotice(path()).note(now, {location(1)});
  const std::string good = locations_text({location(1)});
  ASSERT_TRUE(parse_locations_text(good));
  for (std::size_t size = 0; size < good.size() - 2; ++size)
    EXPECT_FALSE(parse_locations_text(good.substr(0, size))) << size;
  for (const char* wrong :
       {"{}", "[]", R"({"version":2,"places":[]})", R"({"version":1,"places":{}})",
        R"({"version":1,"places":[1]})",
        R"({"version":1,"places":[{"listening":"[::]:9899","local":"::1"}]})",
        R"({"version":1,"places":[{"listening":"[::]:9899","local":"::1","remote":"nowhere"}]})"}) {
    EXPECT_FALSE(parse_locations_text(wrong)) << wrong;
    std::ofstream(path()) << wrong;
    EXPECT_TRUE(pending_in_next_run().empty());
    EXPECT_FALSE(fs::exists(path()));
  }
  EXPECT_TRUE(fs::exists(path() + ".damaged"));
}

TEST_F(RestartNoticeTest, WhatCouldNotBeWrittenIsWrittenTheNextTime) {
  std::ofstream(folder + "/state") << "a file where the directory should be";
  RestartNotice hub(path());
  hub.load();
  EXPECT_FALSE(hub.note(now, {location(1)}));
  fs::remove(folder + "/state");
  EXPECT_TRUE(hub.note(now + 1s, {location(1)}));
  EXPECT_EQ(pending_in_next_run(), std::vector{location(1)});
}

TEST_F(RestartNoticeTest, AFolderThatCannotBeWrittenHasNoOtherEffect) {
  std::ofstream(folder + "/state") << "a file where the directory should be";
  RestartNotice hub(path());
  hub.load();
  hub.note(now, {location(1)});
  hub.clear();
  EXPECT_TRUE(pending_in_next_run().empty());
}

}  // namespace
}  // namespace hawser::daemon::peering
