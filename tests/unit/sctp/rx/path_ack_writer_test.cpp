#include "sctp/rx/path_ack_writer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "sctp/wire/packet.hpp"

namespace hawser::sctp::rx {
namespace {

using namespace std::chrono_literals;
using wire::PathAckEntry;

constexpr PathId kFirst{1};
constexpr PathId kSecond{2};

RecordOrigin origin(unsigned path_id, unsigned epoch = 0) {
  return {Epoch{static_cast<std::uint8_t>(epoch)}, RecordPathId{static_cast<std::uint8_t>(path_id)}};
}

struct Bench {
  explicit Bench(std::size_t max_paths = 4) : writer(max_paths) {}

  void data(PathId on, RecordOrigin record, std::uint64_t sequence, Ecn ecn = Ecn::not_ect) {
    writer.on_data(now, on, {record, RecordSequence{sequence}, ecn});
  }
  /// The entries of a PATH ACK that leaves on `path`; nothing when none leaves.
  std::vector<PathAckEntry> entries(PathId path, std::size_t room = 1'000) {
    std::array<std::byte, 1'000> bytes{};
    ByteWriter out(bytes);
    const std::size_t announced = writer.size(path, room);
    writer.write(now, path, out, room);
    EXPECT_EQ(out.size(), announced);
    EXPECT_LE(out.size(), room);
    if (out.size() == 0) return {};
    const auto ack = wire::PathAckChunk::parse(*wire::ChunkReader(out.written(), 0).next());
    EXPECT_TRUE(ack);
    sent_at_us = ack->sent_at_us;
    return {ack->entries.begin(), ack->entries.end()};
  }

  Timestamp now{1s};
  PathAckWriter writer;
  std::uint32_t sent_at_us = 0;
};

TEST(PathAckWriter, ReportsTheHighestSequenceWithItsTimeAndAllPackets) {
  Bench bench;
  bench.data(kFirst, origin(7), 10);
  bench.now += 5ms;
  bench.data(kFirst, origin(7), 12);
  bench.now += 5ms;
  bench.data(kFirst, origin(7), 11);
  bench.now += 5ms;
  EXPECT_EQ(bench.entries(kFirst), (std::vector<PathAckEntry>{{origin(7), 3, 12, 1'005'000, 0, 0}}));
  EXPECT_EQ(bench.sent_at_us, 1'015'000U);
}

TEST(PathAckWriter, ReportsTheDataOfAnotherPathFourTimesBecausePathAcksAreLost) {
  Bench bench;
  EXPECT_TRUE(bench.entries(kFirst).empty());
  bench.data(kFirst, origin(0), 0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(bench.entries(kSecond).size(), 1U) << i;
  EXPECT_TRUE(bench.entries(kSecond).empty());
}

TEST(PathAckWriter, NewDataIsReportedFourTimesAgain) {
  Bench bench;
  bench.data(kFirst, origin(0), 0);
  for (int i = 0; i < 3; ++i) bench.entries(kSecond);
  bench.data(kFirst, origin(0), 1);
  for (int i = 0; i < 4; ++i) {
    const auto entries = bench.entries(kSecond);
    ASSERT_EQ(entries.size(), 1U) << i;
    EXPECT_EQ(entries[0].sequence, 1U);
  }
  EXPECT_TRUE(bench.entries(kSecond).empty());
}

TEST(PathAckWriter, PathAcksOnThePathItselfCountAsReports) {
  Bench bench;
  bench.data(kFirst, origin(0), 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.entries(kFirst).size(), 1U);
  EXPECT_EQ(bench.entries(kSecond).size(), 1U);
  EXPECT_TRUE(bench.entries(kSecond).empty());
  EXPECT_EQ(bench.entries(kFirst).size(), 1U) << "it measures the round trip of its path";
}

TEST(PathAckWriter, ReportsThePathItLeavesOnFirstAndAgain) {
  Bench bench;
  bench.data(kFirst, origin(0), 5);
  bench.data(kSecond, origin(1), 6);
  EXPECT_EQ(bench.entries(kSecond).size(), 2U);
  bench.data(kFirst, origin(0), 7);
  const auto entries = bench.entries(kSecond);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].record, origin(1));
  EXPECT_EQ(entries[1].record, origin(0));
  EXPECT_EQ(entries[1].sequence, 7U);
}

TEST(PathAckWriter, EntriesWithoutRoomAreStillReportedFourTimes) {
  constexpr std::size_t kRoomForOne = wire::kPathAckHeaderSize + 2 * PathAckEntry::kWireSize - 1;
  Bench bench;
  bench.data(kFirst, origin(0), 5);
  bench.data(kSecond, origin(1), 6);
  EXPECT_TRUE(bench.entries(kSecond, wire::kPathAckHeaderSize + PathAckEntry::kWireSize - 1).empty());
  for (int i = 0; i < 10; ++i) {
    const auto first = bench.entries(kSecond, kRoomForOne);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].record, origin(1));
  }
  for (int i = 0; i < 4; ++i) {
    const auto rest = bench.entries(kNoPath);
    ASSERT_EQ(rest.size(), 1U) << i;
    EXPECT_EQ(rest[0].record, origin(0));
  }
  EXPECT_TRUE(bench.entries(kNoPath).empty());
}

TEST(PathAckWriter, AllPathsAreReportedInTimeWhereOnlySomeFit) {
  constexpr unsigned kPaths = 40;
  Bench bench(kPaths);
  std::map<unsigned, int> reports;
  for (unsigned round = 0; round < 20; ++round) {
    for (unsigned path = 0; path < kPaths; ++path) bench.data(PathId{path + 1}, origin(path), round);
    const auto entries = bench.entries(kNoPath);
    EXPECT_EQ(entries.size(), 16U);
    for (const PathAckEntry& entry : entries) ++reports[entry.record.path_id.value()];
  }
  for (unsigned path = 0; path < kPaths; ++path) EXPECT_NEAR(reports[path], 8, 1) << path;
}

TEST(PathAckWriter, CountsPacketsByTheirEcnField) {
  Bench bench;
  std::uint64_t sequence = 0;
  for (const Ecn ecn : {Ecn::ect0, Ecn::ect0, Ecn::ce, Ecn::not_ect, Ecn::ect1})
    bench.data(kFirst, origin(0), sequence++, ecn);
  const auto entries = bench.entries(kFirst);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].packets, 5);
  EXPECT_EQ(entries[0].ect, 3);
  EXPECT_EQ(entries[0].ce, 1);
}

TEST(PathAckWriter, CountsAnotherPathIdOrEpochFromZero) {
  Bench bench;
  bench.data(kFirst, origin(0, 0), 100, Ecn::ce);
  bench.data(kFirst, origin(0, 1), 0, Ecn::ect0);
  auto entries = bench.entries(kFirst);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0], (PathAckEntry{origin(0, 1), 1, 0, 1'000'000, 1, 0}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.entries(kFirst).size(), 2U);
  entries = bench.entries(kFirst);
  ASSERT_EQ(entries.size(), 1U) << "the count of the old keys is not repeated for ever";
  EXPECT_EQ(entries[0].record, origin(0, 1));
}

TEST(PathAckWriter, ForgetsTheOldestCountWhenThePeerUsesTooManyPathIds) {
  Bench bench(1);
  for (unsigned path_id = 0; path_id < 200; ++path_id) {
    bench.now += 1ms;
    bench.data(kFirst, origin(path_id), path_id);
  }
  const auto entries = bench.entries(kFirst);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].record, origin(199));
  EXPECT_EQ(entries[1].record, origin(198));
}

TEST(PathAckWriter, ReportsTheLowBitsOfLargeNumbers) {
  Bench bench;
  bench.now = Timestamp{std::chrono::microseconds((std::uint64_t{3} << 32U) + 17)};
  for (unsigned i = 0; i < 65'538; ++i)
    bench.data(kFirst, origin(0), (std::uint64_t{5} << 32U) + i, Ecn::ect0);
  const auto entries = bench.entries(kFirst);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0], (PathAckEntry{origin(0), 2, 65'537, 17, 2, 0}));
}

}  // namespace
}  // namespace hawser::sctp::rx
