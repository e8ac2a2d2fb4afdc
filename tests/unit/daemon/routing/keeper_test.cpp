#include "daemon/routing/keeper.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hawser::daemon::routing {
namespace {

using namespace std::chrono_literals;
using io::netlink::RouteSpec;
using testing::Test;

Piece address(const std::string& text) {
  return *IpPrefix::parse(text);
}
Piece route(const std::string& text, int link = 7) {
  return RouteSpec{.destination = *IpPrefix::parse(text), .link = link, .metric = 9899};
}

struct KeeperTest : Test {
  // Compares, and takes the orders for carried out.
  Keeper::Orders compare() {
    Keeper::Orders orders = keeper.compare(now, wanted, actual);
    for (const Piece& piece : orders.add) actual.push_back(piece);
    for (const Piece& piece : orders.remove) std::erase(actual, piece);
    return orders;
  }
  // Another program removes a piece, and a moment passes.
  void lose(const Piece& piece) {
    std::erase(actual, piece);
    now += 100ms;
  }

  Timestamp now{100s};
  Keeper keeper{"hawser0"};
  std::vector<Piece> wanted{LinkUp{}, address("10.90.0.2/24"), route("10.0.0.0/8"), route("fd00::/8")};
  std::vector<Piece> actual{LinkUp{}, address("10.90.0.2/24")};
};

TEST_F(KeeperTest, AddsWhatIsMissingAtTheStartWithoutALogLine) {
  EXPECT_EQ(compare().add, (std::vector<Piece>{wanted[2], wanted[3]}));
  EXPECT_TRUE(compare().empty());
  EXPECT_TRUE(keeper.poll_log(now).empty());
  EXPECT_TRUE(keeper.missing().empty());
  EXPECT_EQ(keeper.next_timeout(), kNever);
}

TEST_F(KeeperTest, RestoresALossAtOnceAndNamesItInOneLine) {
  compare();
  compare();
  lose(wanted[2]);
  lose(wanted[1]);
  EXPECT_EQ(compare().add, (std::vector<Piece>{wanted[1], wanted[2]}));
  EXPECT_EQ(keeper.poll_log(now),
            std::vector<std::string>{"interface hawser0: another program removed address 10.90.0.2/24, route "
                                     "10.0.0.0/8 metric 9899; restoring"});
  EXPECT_TRUE(keeper.poll_log(now).empty());
}

TEST_F(KeeperTest, FoldsTheLossesOfASecondIntoOneLine) {
  compare();
  compare();
  lose(wanted[1]);
  compare();
  EXPECT_EQ(keeper.poll_log(now).size(), 1U);
  for (const Piece& piece : {wanted[2], wanted[3]}) {
    compare();
    lose(piece);
    compare();
    EXPECT_TRUE(keeper.poll_log(now).empty());
  }
  EXPECT_TRUE(compare().empty());
  now = keeper.next_timeout();
  EXPECT_EQ(
      keeper.poll_log(now),
      std::vector<std::string>{"interface hawser0: another program removed route 10.0.0.0/8 metric 9899, "
                               "route fd00::/8 metric 9899; restoring"});
}

TEST_F(KeeperTest, NamesAtMostEightPiecesInALine) {
  for (int i = 0; i < 20; ++i) wanted.push_back(route("10.1." + std::to_string(i) + ".0/24"));
  compare();
  compare();
  actual = {LinkUp{}};
  compare();
  const auto lines = keeper.poll_log(now);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find(" and 15 more; restoring"), std::string::npos) << lines[0];
}

TEST_F(KeeperTest, OrdersOnlyWhatNeedsNoInterfaceWhileItIsDown) {
  const Piece unreachable = RouteSpec{.destination = *IpPrefix::parse("10.0.0.0/8"),
                                      .type = io::netlink::RouteType::unreachable,
                                      .table = 7,
                                      .metric = 9};
  wanted.push_back(unreachable);
  actual.clear();
  EXPECT_EQ(keeper.compare(now, wanted, actual).add, (std::vector<Piece>{LinkUp{}, unreachable}));
  const auto missing = keeper.missing();
  const auto at = std::ranges::find(missing, "route fd00::/8 metric 9899", &Keeper::Missing::piece);
  ASSERT_NE(at, missing.end());
  EXPECT_EQ(at->reason, "the interface is down");
  // In the same moment, as soon as it is up.
  actual = {LinkUp{}};
  EXPECT_EQ(keeper.compare(now, wanted, actual).add.size(), 4U);
}

TEST_F(KeeperTest, RemovesRoutesOfItsOwnThatAreNotWantedAndNothingElse) {
  actual.push_back(address("10.91.0.2/24"));
  actual.push_back(route("10.5.0.0/16"));
  Piece foreign = route("10.6.0.0/16");
  std::get<RouteSpec>(foreign).protocol = 4;
  actual.push_back(foreign);
  EXPECT_EQ(compare().remove, std::vector<Piece>{route("10.5.0.0/16")});
}

TEST_F(KeeperTest, TriesWhatCannotBeAddedEverySecondAndSaysWhyOnce) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(keeper.compare(now, wanted, actual).add.size(), 2U);
    keeper.on_failure(now, wanted[2], "a route of eth0 with the same metric was there first");
    keeper.on_failure(now, wanted[3], "a route of eth0 with the same metric was there first");
    EXPECT_EQ(keeper.poll_log(now).size(), i == 0 ? 1U : 0U);
    EXPECT_TRUE(keeper.compare(now, wanted, actual).empty());
    EXPECT_EQ(keeper.next_timeout(), now + Keeper::kRetry);
    now += Keeper::kRetry;
  }
  ASSERT_EQ(keeper.missing().size(), 2U);
  EXPECT_EQ(keeper.missing()[0].piece, "route 10.0.0.0/8 metric 9899");
  EXPECT_EQ(keeper.missing()[0].reason, "a route of eth0 with the same metric was there first");
}

TEST_F(KeeperTest, GivesWayToAProgramThatRemovesAPieceAgainAndAgain) {
  compare();
  compare();
  for (int i = 0; i < Keeper::kMaxRestores; ++i) {
    lose(wanted[2]);
    EXPECT_EQ(compare().add, std::vector<Piece>{wanted[2]});
    EXPECT_TRUE(compare().empty());
  }
  static_cast<void>(keeper.poll_log(now));
  now += Keeper::kFold;
  lose(wanted[2]);
  EXPECT_TRUE(compare().empty());
  const auto lines = keeper.poll_log(now);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(
      lines[1].find("route 10.0.0.0/8 metric 9899; from now on it is tried every 30 s; make that program "
                    "ignore hawser0"),
      std::string::npos)
      << lines[1];
  EXPECT_EQ(keeper.missing().at(0).reason,
            "another program removes it whenever it is restored; tried every 30 s");
  EXPECT_EQ(keeper.next_timeout(), now + Keeper::kTruce);

  // Others are restored meanwhile.
  lose(wanted[3]);
  EXPECT_EQ(compare().add, std::vector<Piece>{wanted[3]});

  // The next try, which fails in the same way: no second line about it.
  now += Keeper::kTruce;
  EXPECT_EQ(compare().add, std::vector<Piece>{wanted[2]});
  EXPECT_TRUE(compare().empty());
  lose(wanted[2]);
  EXPECT_TRUE(compare().empty());
  for (const std::string& line : keeper.poll_log(now)) EXPECT_EQ(line.find("from now on"), std::string::npos);

  // It stays: all is forgotten, and the next loss is restored immediately.
  now += Keeper::kTruce;
  compare();
  now += 2 * Keeper::kTruce;
  EXPECT_TRUE(compare().empty());
  EXPECT_TRUE(keeper.missing().empty());
  lose(wanted[2]);
  EXPECT_EQ(compare().add, std::vector<Piece>{wanted[2]});
}

}  // namespace
}  // namespace hawser::daemon::routing
