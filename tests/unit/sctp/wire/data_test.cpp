#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

TEST(DataChunk, RoundTripsEveryCombinationOfFlags) {
  for (unsigned flags = 0; flags < 16; ++flags) {
    const DataChunk sent{(flags & 8) != 0, (flags & 4) != 0, (flags & 2) != 0,
                         (flags & 1) != 0, Tsn{0xFFFFFFFF},  StreamId{65535},
                         Ssn{65534},       Ppid{0x01020304}, text("hello")};
    const ByteVector bytes = serialised(sent);
    const ChunkView view = chunk_in(bytes);
    EXPECT_EQ(view.flags, flags);
    const auto got = DataChunk::parse(view);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->immediate, sent.immediate);
    EXPECT_EQ(got->unordered, sent.unordered);
    EXPECT_EQ(got->begin, sent.begin);
    EXPECT_EQ(got->end, sent.end);
    EXPECT_EQ(got->tsn, sent.tsn);
    EXPECT_EQ(got->stream, sent.stream);
    EXPECT_EQ(got->ssn, sent.ssn);
    EXPECT_EQ(got->ppid, sent.ppid);
    EXPECT_TRUE(same(got->payload, sent.payload));
  }
}

TEST(DataChunk, LiesOnTheWireAsTheRfcDrawsIt) {
  const ByteVector bytes = serialised(DataChunk{false, true, true, true, Tsn{0x01020304}, StreamId{0x0506},
                                                Ssn{0x0708}, Ppid{0x090A0B0C}, text("x")});
  EXPECT_EQ(bytes, bytes_of({0, 7, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 'x', 0, 0, 0}));
}

TEST(DataChunk, MayHaveNoPayloadSoThatItsTsnCanBeReported) {
  const auto got = DataChunk::parse(chunk_in(serialised(DataChunk{.tsn = Tsn{9}})));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->tsn, Tsn{9});
  EXPECT_TRUE(got->payload.empty());
}

TEST(DataChunk, IgnoresReservedFlags) {
  ByteVector bytes = serialised(DataChunk{.end = true, .payload = text("x")});
  bytes[1] |= std::byte{0xF0};
  const auto got = DataChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->end && !got->begin && !got->unordered && !got->immediate);
}

TEST(IDataChunk, RoundTripsAFirstFragmentWithItsPpid) {
  const ByteVector bytes =
      serialised(IDataChunk{true, true, true, false, Tsn{1}, StreamId{2}, 0xFFFFFFFF, 46, text("hello")});
  const auto got = IDataChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->immediate && got->unordered && got->begin && !got->end);
  EXPECT_EQ(got->tsn, Tsn{1});
  EXPECT_EQ(got->stream, StreamId{2});
  EXPECT_EQ(got->mid, 0xFFFFFFFFU);
  EXPECT_EQ(got->ppid(), Ppid{46});
  EXPECT_EQ(got->fsn(), 0U);
  EXPECT_TRUE(same(got->payload, text("hello")));
}

TEST(IDataChunk, RoundTripsALaterFragmentWithItsNumber) {
  const ByteVector bytes =
      serialised(IDataChunk{.end = true, .tsn = Tsn{1}, .mid = 3, .ppid_or_fsn = 8, .payload = text("x")});
  EXPECT_EQ(bytes, bytes_of({64, 1, 0, 21, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 8, 'x', 0, 0, 0}));
  const auto got = IDataChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->fsn(), 8U);
}

TEST(WriteDataHeader, EqualsTheHeaderOfAWholeChunk) {
  const DataChunk data{true, false, true, true, Tsn{1}, StreamId{2}, Ssn{3}, Ppid{4}, text("12345")};
  ByteVector header(kDataHeaderSize);
  write_data_header(header.data(), data, 5);
  EXPECT_TRUE(same(header, Bytes(serialised(data)).first(kDataHeaderSize)));
  const IDataChunk i_data{true, false, false, true, Tsn{1}, StreamId{2}, 3, 4, text("12345")};
  header.resize(kIDataHeaderSize);
  write_data_header(header.data(), i_data, 5);
  EXPECT_TRUE(same(header, Bytes(serialised(i_data)).first(kIDataHeaderSize)));
}

TEST(DataChunk, IsNotAnIDataChunk) {
  EXPECT_EQ(chunk_error<IDataChunk>(serialised(DataChunk{})), ParseError::kWrongChunkType);
  EXPECT_EQ(chunk_error<DataChunk>(serialised(IDataChunk{})), ParseError::kWrongChunkType);
}

TEST(SackChunk, RoundTripsWithGapsAndDuplicates) {
  const GapBlock gaps[] = {{2, 3}, {65534, 65535}};
  const Tsn duplicates[] = {Tsn{7}, Tsn{0xFFFFFFFF}, Tsn{9}};
  const ByteVector bytes = written([&](ByteWriter& writer) {
    write_sack(writer, {Tsn{0xFFFFFFF0}, 1'000'000, 2}, gaps, duplicates);
  });
  const auto got = SackChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->cumulative_tsn, Tsn{0xFFFFFFF0});
  EXPECT_EQ(got->a_rwnd, 1'000'000U);
  EXPECT_EQ(got->dac_packets, 2);
  ASSERT_EQ(got->gaps.size(), 2U);
  EXPECT_EQ(got->gaps[0], gaps[0]);
  EXPECT_EQ(got->gaps[1], gaps[1]);
  ASSERT_EQ(got->duplicates.size(), 3U);
  EXPECT_EQ(got->duplicates[1], Tsn{0xFFFFFFFF});
  EXPECT_TRUE(got->duplicates.contains(Tsn{9}));
  EXPECT_FALSE(got->duplicates.contains(Tsn{8}));
  EXPECT_EQ(serialised(*got), bytes);
}

TEST(SackChunk, LiesOnTheWireAsTheRfcDrawsIt) {
  const GapBlock gaps[] = {{2, 3}};
  const Tsn duplicates[] = {Tsn{4}};
  const ByteVector bytes = written([&](ByteWriter& writer) {
    write_sack(writer, {Tsn{1}, 5, 3}, gaps, duplicates);
  });
  EXPECT_EQ(bytes, bytes_of({3, 0xC0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 5, 0, 1, 0, 1, 0, 2, 0, 3, 0, 0, 0, 4}));
}

TEST(SackChunk, MayReportNothingButTheCumulativeTsn) {
  const ByteVector bytes = written([](ByteWriter& writer) { write_sack(writer, {Tsn{1}, 2, 0}, {}, {}); });
  EXPECT_EQ(bytes.size(), kSackHeaderSize);
  const auto got = SackChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->gaps.empty());
  EXPECT_TRUE(got->duplicates.empty());
}

TEST(SackChunk, RefusesCountsLargerThanTheChunk) {
  ByteVector bytes = written([](ByteWriter& writer) { write_sack(writer, {Tsn{1}, 2, 0}, {}, {}); });
  store_be(bytes.data() + 12, std::uint16_t{1});
  EXPECT_EQ(chunk_error<SackChunk>(bytes), ParseError::kListOverrun);
  store_be(bytes.data() + 12, std::uint16_t{0});
  store_be(bytes.data() + 14, std::uint16_t{0xFFFF});
  EXPECT_EQ(chunk_error<SackChunk>(bytes), ParseError::kListOverrun);
  store_be(bytes.data() + 12, std::uint16_t{0xFFFF});
  EXPECT_EQ(chunk_error<SackChunk>(bytes), ParseError::kListOverrun);
}

TEST(NrSackChunk, RoundTripsBothListsAndDuplicates) {
  const GapBlock gaps[] = {{2, 3}};
  const GapBlock firm[] = {{5, 6}, {8, 9}};
  const Tsn duplicates[] = {Tsn{7}};
  const ByteVector bytes = written([&](ByteWriter& writer) {
    write_nr_sack(writer, {Tsn{100}, 200, 1}, gaps, firm, duplicates);
  });
  EXPECT_EQ(bytes, bytes_of({16, 0x40, 0, 36, 0, 0, 0, 100, 0, 0, 0, 200, 0, 1, 0, 2, 0, 1,
                             0,  0,    0, 2,  0, 3, 0, 5,   0, 6, 0, 8,   0, 9, 0, 0, 0, 7}));
  const auto got = NrSackChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->cumulative_tsn, Tsn{100});
  EXPECT_EQ(got->a_rwnd, 200U);
  EXPECT_EQ(got->dac_packets, 1);
  ASSERT_EQ(got->gaps.size(), 1U);
  ASSERT_EQ(got->non_renegable_gaps.size(), 2U);
  EXPECT_EQ(got->non_renegable_gaps[1], firm[1]);
  ASSERT_EQ(got->duplicates.size(), 1U);
  EXPECT_EQ(serialised(*got), bytes);
}

TEST(NrSackChunk, RefusesCountsLargerThanTheChunk) {
  const GapBlock firm[] = {{5, 6}, {8, 9}};
  const ByteVector right = written([&](ByteWriter& writer) {
    write_nr_sack(writer, {Tsn{1}, 2, 0}, {}, firm, {});
  });
  for (const std::size_t count_at : {12U, 14U, 16U}) {
    ByteVector bytes = right;
    store_be(bytes.data() + count_at, std::uint16_t{3});
    EXPECT_EQ(chunk_error<NrSackChunk>(bytes), ParseError::kListOverrun) << count_at;
  }
}

TEST(ForwardTsnChunk, RoundTripsWithItsStreams) {
  const SkippedStream skipped[] = {{StreamId{1}, Ssn{2}}, {StreamId{65535}, Ssn{0}}};
  const ByteVector bytes =
      written([&](ByteWriter& writer) { ForwardTsnChunk::write(writer, Tsn{9}, skipped); });
  EXPECT_EQ(bytes, bytes_of({192, 0, 0, 16, 0, 0, 0, 9, 0, 1, 0, 2, 255, 255, 0, 0}));
  const auto got = ForwardTsnChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->new_cumulative_tsn, Tsn{9});
  ASSERT_EQ(got->skipped.size(), 2U);
  EXPECT_EQ(got->skipped[0], skipped[0]);
  EXPECT_EQ(got->skipped[1], skipped[1]);
  EXPECT_EQ(serialised(*got), bytes);
}

TEST(IForwardTsnChunk, RoundTripsOrderedAndUnordered) {
  const SkippedMessage skipped[] = {{StreamId{1}, false, 0xFFFFFFFF}, {StreamId{2}, true, 5}};
  const ByteVector bytes =
      written([&](ByteWriter& writer) { IForwardTsnChunk::write(writer, Tsn{9}, skipped); });
  EXPECT_EQ(bytes,
            bytes_of({194, 0, 0, 24, 0, 0, 0, 9, 0, 1, 0, 0, 255, 255, 255, 255, 0, 2, 0, 1, 0, 0, 0, 5}));
  const auto got = IForwardTsnChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  ASSERT_EQ(got->skipped.size(), 2U);
  EXPECT_EQ(got->skipped[0], skipped[0]);
  EXPECT_EQ(got->skipped[1], skipped[1]);
  EXPECT_EQ(serialised(*got), bytes);
}

TEST(ForwardTsnChunk, RefusesHalfAnEntry) {
  EXPECT_EQ(chunk_error<ForwardTsnChunk>(bytes_of({192, 0, 0, 10, 0, 0, 0, 9, 0, 1, 0, 0})),
            ParseError::kChunkSize);
  EXPECT_EQ(chunk_error<IForwardTsnChunk>(bytes_of({194, 0, 0, 12, 0, 0, 0, 9, 0, 1, 0, 0})),
            ParseError::kChunkSize);
}

}  // namespace
}  // namespace hawser::sctp::wire::testing
