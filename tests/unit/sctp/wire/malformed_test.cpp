#include <array>
#include <random>

#include "unit/sctp/support/wire_rewrite.hpp"
#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

// Parses the chunk in `bytes` completely and writes it again.
ByteVector rewritten(Bytes bytes, Failure& failure) {
  Scratch out;
  failure = rewrite(chunk_in(bytes), out.writer());
  EXPECT_TRUE(out.writer().ok());
  return to_vector(out.bytes());
}

// Expects that a chunk that parses is written in a form that does not change when it is parsed and written
// again.
void expect_stable(Bytes bytes, std::string_view name) {
  Failure failure;
  const ByteVector once = rewritten(bytes, failure);
  if (failure) return;
  const ByteVector twice = rewritten(once, failure);
  EXPECT_EQ(failure, std::nullopt) << name;
  EXPECT_EQ(once, twice) << name;
}

TEST(EveryChunk, ComesOutOfParserAndWriterUnchanged) {
  for (const Sample& sample : samples()) {
    Failure failure;
    EXPECT_EQ(rewritten(sample.bytes, failure), sample.bytes) << sample.name;
    EXPECT_EQ(failure, std::nullopt) << sample.name;
  }
}

TEST(EveryChunk, IsRefusedByTheReaderWhenThePacketEndsInsideIt) {
  for (const Sample& sample : samples()) {
    const std::size_t length = chunk_in(sample.bytes).whole.size();
    for (std::size_t cut = 1; cut < length; ++cut) {
      const ByteVector bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(cut));
      ChunkReader reader(bytes, 0);
      ASSERT_FALSE(reader.next().has_value()) << sample.name << ' ' << cut;
      ASSERT_EQ(reader.error(), cut < 4 ? ParseError::kChunkHeaderCut : ParseError::kChunkOverrun);
    }
  }
}

TEST(EveryChunk, IsRefusedByItsParserWhenItIsShorterThanItCanBe) {
  for (const Sample& sample : samples()) {
    for (std::size_t length = 4; length < sample.bytes.size(); ++length) {
      ByteVector bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      store_be(bytes.data() + 2, static_cast<std::uint16_t>(length));
      if (length < sample.shortest) {
        Failure failure;
        EXPECT_EQ(rewritten(bytes, failure), ByteVector{}) << sample.name << ' ' << length;
        EXPECT_NE(failure, std::nullopt) << sample.name << ' ' << length;
      } else {
        expect_stable(bytes, sample.name);
      }
    }
  }
}

TEST(EveryChunk, SurvivesEverySingleFlippedByte) {
  for (const Sample& sample : samples()) {
    for (std::size_t at = 0; at < sample.bytes.size(); ++at) {
      for (const unsigned mask : {0x01U, 0x04U, 0x80U, 0xFFU}) {
        ByteVector bytes = sample.bytes;
        bytes[at] ^= static_cast<std::byte>(mask);
        ChunkReader reader(bytes, 0);
        while (const auto chunk = reader.next()) expect_stable(to_vector(chunk->whole), sample.name);
      }
    }
  }
}

TEST(EveryChunk, SurvivesRandomContent) {
  std::mt19937 generator(20'240'601);
  for (int round = 0; round < 5'000; ++round) {
    const std::size_t length = 4 + generator() % 60;
    ByteVector bytes(length);
    for (std::byte& b : bytes)
      b = static_cast<std::byte>(generator() % 16 == 0 ? generator() : generator() % 8);
    constexpr std::array types = {0,  1,  2,  3,  4,  5,  6,   7,   8,   9,   10,  11,
                                  12, 13, 14, 15, 16, 64, 128, 130, 132, 192, 193, 194};
    bytes[0] = static_cast<std::byte>(types[generator() % types.size()]);
    store_be(bytes.data() + 2, static_cast<std::uint16_t>(length));
    expect_stable(bytes, to_string(static_cast<ChunkType>(bytes[0])));
  }
}

TEST(UnknownChunk, IsSkippedAndNotParsed) {
  Failure failure;
  rewritten(bytes_of({0xFE, 0, 0, 6, 1, 2, 0, 0}), failure);
  EXPECT_EQ(failure, ParseError::kWrongChunkType);
}

}  // namespace
}  // namespace hawser::sctp::wire::testing
