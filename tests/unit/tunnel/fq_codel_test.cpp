#include "tunnel/fq_codel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "packets.hpp"
#include "sctp/tx/stream_numbers.hpp"

namespace hawser::tunnel {
namespace {

using namespace std::chrono_literals;

class FqCodelTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 1000;

  void push(FqCodel& to, std::uint16_t flow, std::size_t size = kSize, std::uint8_t ecn = 0) {
    QueuedPacket packet{pool.acquire(size), now, flow, false, false};
    const PacketBytes bytes = ipv4_packet("10.9.0.2", "10.9.0.1", size);
    std::ranges::copy(bytes, packet.bytes.data());
    packet.bytes.data()[1] = std::byte{ecn};
    store_be<std::uint32_t>(packet.bytes.data() + 4, number++);
    to.push(std::move(packet));
  }
  void push(std::uint16_t flow, std::size_t size = kSize, std::uint8_t ecn = 0) {
    push(queue, flow, size, ecn);
  }
  // The flow of the next packet; -1: there is none.
  int pop() {
    QueuedPacket packet;
    if (!queue.pop(now, packet)) return -1;
    last = load_be<std::uint32_t>(packet.bytes.data() + 4);
    ce = (packet.bytes.data()[1] & std::byte{3}) == std::byte{3};
    return packet.flow;
  }
  // The same for a packet out of turn.
  int pop_behind(std::size_t behind) {
    QueuedPacket packet;
    if (!queue.pop_behind(now, behind, packet, ahead)) return -1;
    last = load_be<std::uint32_t>(packet.bytes.data() + 4);
    return packet.flow;
  }
  std::vector<int> pop(std::size_t count) {
    std::vector<int> flows;
    while (flows.size() < count) flows.push_back(pop());
    return flows;
  }
  std::uint64_t drops_of(Drop reason) const { return drops.of(reason); }

  BufferPool pool;
  PacketStore store;
  DropCounters drops;
  FqCodel queue{{.limit = 1U << 20, .max_age = 1s}, store, drops};
  Timestamp now{1h};
  std::uint32_t number = 0;
  std::uint32_t last = 0;
  std::size_t ahead = 0;
  bool ce = false;
};

TEST_F(FqCodelTest, KeepsTheOrderOfAFlow) {
  for (int i = 0; i < 100; ++i) push(static_cast<std::uint16_t>(i % 3));
  std::map<int, std::uint32_t> newest;
  for (int i = 0; i < 100; ++i) {
    const int flow = pop();
    ASSERT_GE(flow, 0);
    if (newest.contains(flow)) {
      EXPECT_GT(last, newest[flow]);
    }
    newest[flow] = last;
  }
  EXPECT_EQ(pop(), -1);
  EXPECT_EQ(queue.packets(), 0U);
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(store.cost(), 0U);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(FqCodelTest, SharesTheRateByBytesAndNotByPackets) {
  for (int i = 0; i < 300; ++i) push(1, 1500);
  for (int i = 0; i < 300; ++i) push(2, 300);
  std::map<int, std::size_t> bytes;
  for (int i = 0; i < 200; ++i) {
    const int flow = pop();
    bytes[flow] += flow == 1 ? 1500 : 300;
  }
  EXPECT_NEAR(static_cast<double>(bytes[1]), static_cast<double>(bytes[2]), 3000);
}

TEST_F(FqCodelTest, LetsAFlowThatBeginsGoBeforeOthers) {
  for (int i = 0; i < 50; ++i) push(1);
  pop(10);
  push(2, 100);
  EXPECT_EQ(pop(), 2);
  EXPECT_EQ(pop(), 1);
}

// RFC 8290 §4.2: an empty flow waits once behind the others.
TEST_F(FqCodelTest, GivesAFlowNothingForSendingOnePacketAtATime) {
  for (int i = 0; i < 200; ++i) push(1);
  pop(5);
  int of_two = 0;
  for (int i = 0; i < 100; ++i) {
    if (!queue.holds(2)) push(2);
    of_two += pop() == 2;
  }
  EXPECT_LE(of_two, 52);
  EXPECT_GE(of_two, 48);
}

TEST_F(FqCodelTest, DropsWhereAFlowKeepsItsQueueAndSparesTheOthers) {
  // Flow 1 sends two packets where there is room for one, flow 2 one packet each 20 ms.
  std::map<int, int> left;
  for (int ms = 0; ms < 1000; ++ms, now += 1ms) {
    push(1);
    if (ms % 2 == 0) push(1);
    if (ms % 20 == 0) push(2);
    ++left[pop()];
  }
  EXPECT_GT(queue.counters().codel, 5U);
  EXPECT_EQ(drops_of(Drop::queue_delay), queue.counters().codel);
  EXPECT_EQ(left[2], 50);
}

TEST_F(FqCodelTest, MarksWhatIsEcnCapableAndDropsNothingOfIt) {
  int marked = 0;
  for (int ms = 0; ms < 600; ++ms, now += 1ms) {
    push(1, kSize, 2);
    if (ms % 2 == 0) push(1, kSize, 2);
    pop();
    marked += ce;
  }
  EXPECT_GT(marked, 2);
  EXPECT_EQ(queue.counters().marked, static_cast<std::uint64_t>(marked));
  EXPECT_EQ(queue.counters().codel, 0U);
}

TEST_F(FqCodelTest, ToleratesALongerQueueWithALongerTarget) {
  queue.set_codel({200ms, 300ms});
  for (int i = 0; i < 100; ++i) push(1);
  for (int ms = 0; ms < 1000; ++ms, now += 1ms) {
    push(1);
    pop();
  }
  EXPECT_EQ(queue.counters().codel, 0U);
  EXPECT_EQ(queue.packets(), 100U);
}

TEST_F(FqCodelTest, DropsPacketsThatAreTooOldWhenTheirTurnComes) {
  for (int i = 0; i < 10; ++i) push(1);
  now += 900ms;
  for (int i = 0; i < 5; ++i) push(1);
  now += 101ms;
  EXPECT_EQ(pop(), 1);
  EXPECT_EQ(last, 10U);
  EXPECT_EQ(drops_of(Drop::queue_age), 10U);
  now += 2s;
  EXPECT_EQ(pop(), -1);
  EXPECT_EQ(drops_of(Drop::queue_age), 14U);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(FqCodelTest, AtItsLimitTakesTheOldestPacketsOfTheLargestFlow) {
  for (int i = 0; i < 20; ++i) push(7, 200);
  for (int i = 0; i < 2000; ++i) push(1);
  EXPECT_LE(queue.cost(), 1U << 20);
  EXPECT_GT(queue.cost(), (1U << 20) - 20 * PacketStore::cost(kSize));
  EXPECT_EQ(drops_of(Drop::queue_overflow), 2020 - queue.packets());
  std::map<int, int> left;
  std::uint32_t first_of_one = 0;
  for (int flow = pop(); flow >= 0; flow = pop()) {
    if (flow == 1 && left[1] == 0) first_of_one = last;
    ++left[flow];
  }
  EXPECT_EQ(left[7], 20);
  EXPECT_GT(first_of_one, 900U);
}

TEST_F(FqCodelTest, IsBoundedWhateverTheHostSends) {
  for (std::size_t i = 0; i < 200'000; ++i) {
    now += 1us;
    push(static_cast<std::uint16_t>(i * 7 % FqCodel::kFlows), 20 + i % 60);
  }
  EXPECT_LE(queue.cost(), 1U << 20);
  EXPECT_LE(queue.packets(), (1U << 20) / 256);
  EXPECT_LE(store.slots(), (1U << 20) / 256 + 1);
  EXPECT_LE(queue.flow_slots(), FqCodel::kFlows);
  EXPECT_LE(pool.in_use(), (1U << 20) / 256);
}

TEST_F(FqCodelTest, UsesAFlowsMemoryAgainAfterItsEnd) {
  for (std::size_t i = 0; i < 10'000; ++i) {
    push(static_cast<std::uint16_t>(i % FqCodel::kFlows));
    push(static_cast<std::uint16_t>((i + 1) % FqCodel::kFlows));
    pop(2);
  }
  EXPECT_LE(queue.flow_slots(), 8U);
  EXPECT_LE(store.slots(), 2U);
}

TEST_F(FqCodelTest, ShedsPacketsOfTheLargestFlowOnRequest) {
  FqCodel other({}, store, drops);
  push(other, 3);
  for (int i = 0; i < 100; ++i) push(1);
  push(2);
  const std::size_t before = store.cost();
  queue.shed();
  EXPECT_LT(store.cost(), before);
  EXPECT_TRUE(queue.holds(2));
  EXPECT_EQ(other.packets(), 1U);
}

TEST_F(FqCodelTest, TakesAPacketBehindOthersWhichKeepTheirPlaces) {
  for (int i = 0; i < 20; ++i) push(1);
  EXPECT_EQ(pop_behind(4 * kSize), 1);
  EXPECT_EQ(last, 4U);
  EXPECT_EQ(ahead, 4U);
  EXPECT_EQ(pop_behind(4 * kSize), 1);
  EXPECT_EQ(last, 5U);
  EXPECT_EQ(ahead, 4U);
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(pop(), 1);
    EXPECT_EQ(last, i);
  }
  EXPECT_EQ(pop_behind(4 * kSize), 1);
  EXPECT_EQ(last, 8U) << "two more have passed into the reach of the fast paths";
  EXPECT_EQ(ahead, 4U);
  for (const std::uint32_t next : {2U, 3U, 6U, 7U, 9U}) {
    EXPECT_EQ(pop(), 1);
    EXPECT_EQ(last, next);
  }
}

TEST_F(FqCodelTest, AShorterQueueGivesItsLastPacketOnce) {
  for (int i = 0; i < 5; ++i) push(1);
  EXPECT_EQ(pop_behind(100 * kSize), 1);
  EXPECT_EQ(last, 4U);
  EXPECT_EQ(ahead, 4U);
  EXPECT_FALSE(queue.has_behind()) << "a packet before that one would have to overtake it";
  push(1);
  EXPECT_TRUE(queue.has_behind());
  EXPECT_EQ(pop_behind(100 * kSize), 1);
  EXPECT_EQ(last, 5U);
  EXPECT_EQ(pop_behind(100 * kSize), 1) << "without others it is as pop()";
  EXPECT_EQ(last, 0U);
  EXPECT_EQ(ahead, 0U);
}

TEST_F(FqCodelTest, TheFlowsShareWhatIsInFrontOfAPacketOutOfTurn) {
  for (int i = 0; i < 40; ++i) push(static_cast<std::uint16_t>(1 + i % 4));
  push(9);  // has nothing to give
  for (int i = 0; i < 8; ++i) {
    EXPECT_NE(pop_behind(10 * kSize), 9);
    EXPECT_EQ(ahead, 2U);
  }
}

TEST_F(FqCodelTest, APacketOutOfTurnPassesALimitedNumber) {
  FqCodel large({.limit = 16U << 20}, store, drops);
  for (std::size_t i = 0; i < FqCodel::kMostPassed + 500; ++i) push(large, 1, 100);
  QueuedPacket packet;
  ASSERT_TRUE(large.pop_behind(now, 1U << 30, packet, ahead));
  EXPECT_EQ(ahead, FqCodel::kMostPassed);
}

TEST_F(FqCodelTest, CodelDropsPacketsWithoutAPlaceInTheOrder) {
  for (int i = 0; i < 100; ++i) push(1);
  ASSERT_EQ(pop_behind(20 * kSize), 1);
  std::vector<std::uint32_t> left;
  for (int ms = 0; ms < 300; ms += 10, now += 10ms) {
    push(1);
    pop();
    left.push_back(last);
  }
  EXPECT_GT(queue.counters().codel, 0U);
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(left[i], i);
  EXPECT_GT(left[20], 21U) << "those behind it were dropped";
}

TEST_F(FqCodelTest, TheLimitTakesPacketsWithoutAPlaceInTheOrderFirst) {
  for (int i = 0; i < 30; ++i) push(1);
  ASSERT_EQ(pop_behind(20 * kSize), 1);
  queue.shed();
  EXPECT_EQ(drops_of(Drop::queue_overflow), 15U);
  EXPECT_FALSE(queue.has_behind());
  for (std::uint32_t i = 0; i < 14; ++i) {
    EXPECT_EQ(pop(), 1);
  }
}

// Whatever leaves out of turn: with the places that are left free for the packets that were passed, those of
// a flow arrive in the order in which they came.
TEST_F(FqCodelTest, PacketsOutOfTurnKeepTheOrderOfTheirFlow) {
  constexpr std::uint16_t kFlowsUsed = 5;
  std::minstd_rand random(1);
  sctp::tx::StreamNumbers numbers;
  std::map<int, std::map<std::uint64_t, std::uint32_t>> by_place;
  std::uint64_t out_of_turn = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto draw = static_cast<unsigned>(random() % 100);
    if (draw < 50) {
      push(static_cast<std::uint16_t>(random() % kFlowsUsed), 40 + random() % 1400);
      continue;
    }
    ahead = 0;
    const int flow = draw < 75 ? pop() : pop_behind(random() % 60'000);
    if (flow < 0) continue;
    out_of_turn += ahead != 0;
    const sctp::StreamId stream{static_cast<std::uint16_t>(flow)};
    const std::uint64_t place = numbers.number(stream, ahead);
    numbers.take(stream, place, static_cast<std::uint64_t>(i));
    by_place[flow][place] = last;
  }
  EXPECT_GT(out_of_turn, 5'000U);
  for (const auto& [flow, places] : by_place) {
    std::uint32_t previous = 0;
    for (const auto& [place, packet] : places) {
      EXPECT_GE(packet, previous) << "flow " << flow << ", place " << place;
      previous = packet;
    }
  }
  EXPECT_EQ(queue.counters().overflow + queue.counters().codel + queue.counters().aged, 0U);
}

TEST_F(FqCodelTest, ShowsHowLongPacketsWait) {
  EXPECT_EQ(queue.sojourn(), 0ms);
  for (int ms = 0; ms < 200; ++ms, now += 1ms) {
    push(1, 100);
    if (ms >= 3) pop();
  }
  EXPECT_NEAR(std::chrono::duration<double>(queue.sojourn()).count(), 0.003, 0.0005);
}

TEST_F(FqCodelTest, GivesEverythingBackWhenCleared) {
  for (int i = 0; i < 100; ++i) push(static_cast<std::uint16_t>(i % 50));
  pop_behind(50 * kSize);
  queue.clear();
  EXPECT_FALSE(queue.has_behind());
  EXPECT_EQ(queue.packets(), 0U);
  EXPECT_EQ(store.cost(), 0U);
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(pop(), -1);
  push(5);
  EXPECT_EQ(pop(), 5);
  EXPECT_EQ(drops_of(Drop::queue_overflow), 0U);
}

}  // namespace
}  // namespace hawser::tunnel
