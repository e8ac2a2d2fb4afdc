#include "daemon/event_hold.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hawser::daemon {
namespace {

using namespace std::chrono_literals;
using Kind = sctp::Event::Kind;

class EventHoldTest : public ::testing::Test {
 protected:
  static sctp::Event event(Kind kind, std::uint32_t path, std::uint32_t association = 1) {
    sctp::Event out;
    out.kind = kind;
    out.association = sctp::AssociationId(association);
    out.path = sctp::PathId(path);
    return out;
  }
  std::vector<Kind> pass(Kind kind, std::uint32_t path, std::uint32_t association = 1) {
    hold.handle_event(now, event(kind, path, association));
    return kinds();
  }
  std::vector<Kind> wait(Duration span) {
    now += span;
    hold.handle_timeout(now);
    return kinds();
  }
  [[nodiscard]] std::vector<Kind> kinds() const {
    std::vector<Kind> out;
    for (const sctp::Event& each : hold.ready()) out.push_back(each.kind);
    return out;
  }
  using Kinds = std::vector<Kind>;

  EventHold hold;
  Timestamp now{100s};
};

TEST_F(EventHoldTest, PassesEventsOnImmediately) {
  EXPECT_EQ(pass(Kind::connected, 0), Kinds{Kind::connected});
  EXPECT_EQ(pass(Kind::path_up, 0), Kinds{Kind::path_up});
  EXPECT_EQ(pass(Kind::path_moved, 0), Kinds{Kind::path_moved});
  EXPECT_EQ(hold.next_timeout(), kNever);
}

TEST_F(EventHoldTest, DropsADownThatIsFollowedByAnUpAndCountsIt) {
  EXPECT_EQ(pass(Kind::path_down, 1), Kinds{});
  EXPECT_EQ(hold.next_timeout(), now + 500ms);
  EXPECT_EQ(wait(499ms), Kinds{});
  EXPECT_EQ(pass(Kind::path_up, 1), Kinds{});
  EXPECT_EQ(hold.brief_outages(), 1U);
  EXPECT_EQ(wait(10s), Kinds{});
  EXPECT_EQ(hold.next_timeout(), kNever);
}

TEST_F(EventHoldTest, PassesADownOnThatLasted) {
  pass(Kind::path_down, 1);
  now += 200ms;
  pass(Kind::path_down, 2);
  EXPECT_EQ(wait(300ms), Kinds{Kind::path_down});
  EXPECT_EQ(hold.ready().front().path, sctp::PathId(1));
  EXPECT_EQ(wait(200ms), Kinds{Kind::path_down});
  EXPECT_EQ(pass(Kind::path_up, 1), Kinds{Kind::path_up});
  EXPECT_EQ(hold.brief_outages(), 0U);
}

TEST_F(EventHoldTest, DistinguishesPathsAndAssociations) {
  pass(Kind::path_down, 1, 1);
  EXPECT_EQ(pass(Kind::path_up, 2, 1), Kinds{Kind::path_up});
  EXPECT_EQ(pass(Kind::path_up, 1, 2), Kinds{Kind::path_up});
  EXPECT_EQ(wait(500ms), Kinds{Kind::path_down});
}

TEST_F(EventHoldTest, ReportsTheDownBeforeTheEndOfThePathOrItsAssociation) {
  pass(Kind::path_down, 1);
  pass(Kind::path_down, 2);
  pass(Kind::path_down, 1, 2);
  EXPECT_EQ(pass(Kind::path_removed, 1), (Kinds{Kind::path_down, Kind::path_removed}));
  EXPECT_EQ(pass(Kind::lost, sctp::kNoPath.value()), (Kinds{Kind::path_down, Kind::lost}));
  EXPECT_EQ(wait(500ms), Kinds{Kind::path_down}) << "of the other association";
}

}  // namespace
}  // namespace hawser::daemon
