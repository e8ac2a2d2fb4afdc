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

class LastSeenTest : public testing::Test {
 protected:
  LastSeenTest() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = (fs::temp_directory_path() / "hawser-last-seen-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~LastSeenTest() override { fs::remove_all(folder); }

  [[nodiscard]] std::string path() const { return folder + "/state/hw0.peers.json"; }
  [[nodiscard]] static Place place(std::uint16_t port) {
    return {*UdpAddress::parse("[::]:9899"),
            *IpAddress::parse("2001:db8::1"),
            {*IpAddress::parse("2001:db8:1::9"), port}};
  }
  [[nodiscard]] std::vector<Place> greeted_by_the_next() const {
    LastSeen next(path());
    next.load();
    return next.take_greetings();
  }

  std::string folder;
  Timestamp now{100s};
};

TEST_F(LastSeenTest, ACrashedHubLeavesWhereItsPeersWere) {
  LastSeen hub(path());
  hub.load();
  EXPECT_TRUE(hub.take_greetings().empty());
  hub.note(now, {place(2), place(1)});
  EXPECT_EQ(greeted_by_the_next(), (std::vector{place(1), place(2)}));
}

TEST_F(LastSeenTest, EveryoneIsGreetedThreeTimes) {
  LastSeen(path()).note(now, {place(1)});
  LastSeen next(path());
  next.load();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next.take_greetings().size(), 1U);
  EXPECT_TRUE(next.take_greetings().empty());
}

TEST_F(LastSeenTest, AHubThatSaysGoodbyeLeavesNothing) {
  LastSeen hub(path());
  hub.note(now, {place(1)});
  hub.clear();
  EXPECT_TRUE(greeted_by_the_next().empty());
}

TEST_F(LastSeenTest, TheFileFollowsChangesButNotMoreThanEveryTenSeconds) {
  LastSeen hub(path());
  hub.note(now, {place(1)});
  hub.note(now + 9s, {place(2)});
  EXPECT_EQ(greeted_by_the_next(), std::vector{place(1)});
  hub.note(now + 10s, {place(2)});
  EXPECT_EQ(greeted_by_the_next(), std::vector{place(2)});
}

TEST_F(LastSeenTest, AHubToWhichNobodyHasComeBackYetKeepsWhatItKnows) {
  LastSeen(path()).note(now, {place(1)});
  LastSeen next(path());
  next.load();
  next.note(now, {});
  EXPECT_EQ(greeted_by_the_next(), std::vector{place(1)});
}

TEST_F(LastSeenTest, ADamagedFileIsKeptAsideAndGreetsNobody) {
  LastSeen(path()).note(now, {place(1)});
  const std::string good = places_text({place(1)});
  ASSERT_TRUE(parse_places_text(good));
  for (std::size_t size = 0; size < good.size() - 2; ++size)
    EXPECT_FALSE(parse_places_text(good.substr(0, size))) << size;
  for (const char* wrong :
       {"{}", "[]", R"({"version":2,"places":[]})", R"({"version":1,"places":{}})",
        R"({"version":1,"places":[1]})",
        R"({"version":1,"places":[{"listening":"[::]:9899","local":"::1"}]})",
        R"({"version":1,"places":[{"listening":"[::]:9899","local":"::1","remote":"nowhere"}]})"}) {
    EXPECT_FALSE(parse_places_text(wrong)) << wrong;
    std::ofstream(path()) << wrong;
    EXPECT_TRUE(greeted_by_the_next().empty());
    EXPECT_FALSE(fs::exists(path()));
  }
  EXPECT_TRUE(fs::exists(path() + ".damaged"));
}

TEST_F(LastSeenTest, AFolderThatCannotBeWrittenCostsNothingElse) {
  std::ofstream(folder + "/state") << "a file where the directory should be";
  LastSeen hub(path());
  hub.load();
  hub.note(now, {place(1)});
  hub.clear();
  EXPECT_TRUE(greeted_by_the_next().empty());
}

}  // namespace
}  // namespace hawser::daemon::peering
