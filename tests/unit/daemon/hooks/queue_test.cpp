#include "daemon/hooks/queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hawser::daemon::hooks {
namespace {

class HookQueueTest : public testing::Test {
 protected:
  HookQueue::Result push(std::size_t peer, const std::string& name, const std::string& path = {}) {
    const HookQueue::Result result = queue.push({name, {}, peer, path});
    merged += result.merged;
    dropped += result.dropped;
    return result;
  }
  // "peer name path" of each event, in the order of the runs.
  std::vector<std::string> pop_all() {
    std::vector<std::string> out;
    while (!queue.empty()) {
      const HookEvent event = queue.pop();
      out.push_back(std::to_string(event.peer) + " " + event.name + " " + event.path);
    }
    EXPECT_EQ(queue.size(), 0U);
    return out;
  }
  void fill(std::size_t peer) {
    for (std::size_t i = 0; i < HookQueue::kMaxEvents; ++i) push(peer, "path-down", std::to_string(i));
  }

  HookQueue queue;
  std::size_t merged = 0;
  std::size_t dropped = 0;
};

TEST_F(HookQueueTest, KeepsTheOrderOfAPeer) {
  for (const char* name : {"tunnel-up", "path-up", "path-down", "path-up"}) push(1, name, "1/1");
  EXPECT_EQ(pop_all(), (std::vector<std::string>{"1 tunnel-up 1/1", "1 path-up 1/1", "1 path-down 1/1",
                                                 "1 path-up 1/1"}));
  EXPECT_EQ(merged + dropped, 0U);
}

TEST_F(HookQueueTest, ServesPeersInTurns) {
  fill(1);
  push(2, "tunnel-down");
  queue.pop();
  EXPECT_EQ(queue.pop().name, "tunnel-down") << "not after the 63 others";
}

TEST_F(HookQueueTest, AFloodOfPathEventsDropsNoTunnelEventOfAnyPeer) {
  for (int i = 0; i < 1'000; ++i) push(1, i % 2 == 0 ? "path-up" : "path-down", std::to_string(i / 2));
  push(1, "tunnel-down");
  push(2, "tunnel-down");
  const auto runs = pop_all();
  EXPECT_EQ(std::ranges::count(runs, "1 tunnel-down "), 1);
  EXPECT_EQ(std::ranges::count(runs, "2 tunnel-down "), 1);
  EXPECT_EQ(runs.size(), HookQueue::kMaxEvents + 2);
}

TEST_F(HookQueueTest, AnUpAndADownThatWaitInAFullQueueCancelOut) {
  fill(1);
  EXPECT_EQ(push(1, "path-up", "7").merged, 2U);
  EXPECT_EQ(queue.size(), HookQueue::kMaxEvents - 1);
  EXPECT_EQ(std::ranges::count(pop_all(), "1 path-down 7"), 0);
  EXPECT_EQ(dropped, 0U);
}

TEST_F(HookQueueTest, OfSeveralMovesInAFullQueueTheNewestStays) {
  push(1, "path-moved", "0");
  for (std::size_t i = 1; i < HookQueue::kMaxEvents; ++i) push(1, "path-down", std::to_string(i));
  EXPECT_EQ(push(1, "path-moved", "0").merged, 1U);
  const auto runs = pop_all();
  EXPECT_EQ(runs.back(), "1 path-moved 0");
  EXPECT_EQ(std::ranges::count(runs, "1 path-moved 0"), 1);
}

TEST_F(HookQueueTest, ThePathEventsThatCannotMergeAreDropped) {
  fill(1);
  EXPECT_EQ(push(1, "path-up", "another").dropped, 1U);
  EXPECT_EQ(push(1, "path-down", "7").dropped, 1U) << "the same event twice";
}

TEST_F(HookQueueTest, ManyTunnelEventsEndInTheLastState) {
  for (int i = 0; i < 1'001; ++i) push(1, i % 2 == 0 ? "tunnel-up" : "tunnel-down");
  const auto runs = pop_all();
  EXPECT_LE(runs.size(), HookQueue::kMaxTunnelEvents);
  EXPECT_EQ(runs.back(), "1 tunnel-up ");
  for (std::size_t i = 1; i < runs.size(); ++i) EXPECT_NE(runs[i], runs[i - 1]) << "they alternate";
  EXPECT_EQ(runs.size() + merged, 1'001U);
  EXPECT_EQ(dropped, 0U);
}

}  // namespace
}  // namespace hawser::daemon::hooks
