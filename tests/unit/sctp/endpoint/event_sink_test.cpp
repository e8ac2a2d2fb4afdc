#include "sctp/control/event_sink.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::control {
namespace {

using Kind = Event::Kind;

TEST(EventSink, BoundsTheEventsOfPathsUntilTheUserHasPolledThem) {
  EventQueue queue;
  DropCounters drops;
  const EventSink sink(queue, drops, AssociationId(1));
  for (std::uint32_t i = 0; i < EventSink::kMaxPathEvents + 44; ++i) sink.emit(Kind::path_down, PathId(1));
  EXPECT_EQ(queue.size(), EventSink::kMaxPathEvents);
  EXPECT_EQ(drops.of(DropReason::event_overflow), 44U);
  sink.emit(Kind::lost);
  EXPECT_EQ(queue.size(), EventSink::kMaxPathEvents + 1) << "the end of the association is never left out";
  while (!queue.empty()) queue.pop_front();
  sink.emit(Kind::path_up, PathId(1));
  EXPECT_EQ(queue.size(), 1U);
}

TEST(EventSink, BoundsEachAssociationByItself) {
  EventQueue queue;
  DropCounters drops;
  const EventSink hostile(queue, drops, AssociationId(1));
  const EventSink honest(queue, drops, AssociationId(2));
  for (std::uint32_t i = 0; i < 2 * EventSink::kMaxPathEvents; ++i) hostile.emit(Kind::path_moved, PathId(1));
  honest.emit(Kind::path_down, PathId(1));
  EXPECT_EQ(queue.size(), EventSink::kMaxPathEvents + 1);
}

}  // namespace
}  // namespace hawser::sctp::control
