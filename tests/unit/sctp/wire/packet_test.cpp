#include <array>
#include <limits>

#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

// A packet: a common header and `chunks`.
ByteVector packet(const ByteVector& chunks) {
  ByteVector out = serialised(CommonHeader{5000, 5001, VerificationTag{0x01020304}, 0});
  out.insert(out.end(), chunks.begin(), chunks.end());
  return out;
}

// Walks all chunks; returns the error that ended the walk, if any.
std::optional<ParseError> walk(Bytes bytes, std::size_t expected_chunks) {
  ChunkReader reader = PacketView::parse(bytes)->chunks();
  std::size_t chunks = 0;
  while (reader.next()) ++chunks;
  EXPECT_EQ(chunks, expected_chunks);
  EXPECT_FALSE(reader.next().has_value()) << "after the end there is nothing more";
  return reader.error();
}

TEST(CommonHeader, RoundTrips) {
  const CommonHeader header{9899, 5001, VerificationTag{0xA1B2C3D4}, 0x01020304};
  const ByteVector bytes = serialised(header);
  ASSERT_EQ(bytes.size(), kCommonHeaderSize);
  EXPECT_EQ(PacketView::parse(bytes)->header(), header);
  ByteVector stored(kCommonHeaderSize);
  header.store(stored.data());
  EXPECT_EQ(stored, bytes);
}

TEST(PacketView, RefusesLessThanACommonHeader) {
  const ByteVector bytes(11);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto parsed = PacketView::parse(Bytes(bytes).first(size));
    ASSERT_TRUE(parsed.has_error());
    EXPECT_EQ(parsed.error(), ParseError::kPacketTooShort);
  }
}

TEST(PacketView, MayHaveNoChunks) {
  EXPECT_EQ(walk(packet({}), 0), std::nullopt);
}

TEST(ChunkReader, ReadsTypeFlagsValueAndOffsets) {
  const ByteVector bytes = packet(bytes_of({9, 0x81, 0, 6, 1, 2, 0, 0, 200, 0, 0, 4}));
  ChunkReader reader = PacketView::parse(bytes)->chunks();
  EXPECT_EQ(reader.offset(), 12U);
  const ChunkView first = reader.next().value();
  EXPECT_EQ(first.chunk_type(), ChunkType::kError);
  EXPECT_EQ(first.flags, 0x81);
  EXPECT_TRUE(same(first.value, bytes_of({1, 2})));
  EXPECT_TRUE(same(first.whole, bytes_of({9, 0x81, 0, 6, 1, 2})));
  EXPECT_EQ(reader.offset(), 20U);
  const ChunkView second = reader.next().value();
  EXPECT_EQ(second.type, 200);
  EXPECT_TRUE(second.value.empty());
  EXPECT_EQ(reader.offset(), 24U);
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(ChunkReader, StopsAtAChunkLengthBelowItsHeader) {
  for (int length = 0; length < 4; ++length) {
    const ByteVector bytes = packet(bytes_of({11, 0, 0, 4, 11, 0, 0, length, 11, 0, 0, 4}));
    EXPECT_EQ(walk(bytes, 1), ParseError::kChunkLengthTooSmall) << length;
  }
}

TEST(ChunkReader, StopsAtAChunkLengthBeyondThePacket) {
  EXPECT_EQ(walk(packet(bytes_of({0, 3, 0, 9, 1, 2, 3, 4})), 0), ParseError::kChunkOverrun);
  EXPECT_EQ(walk(packet(bytes_of({15, 0, 0xFF, 0xFF, 0, 0, 0, 1})), 0), ParseError::kChunkOverrun);
}

TEST(ChunkReader, StopsAtHalfAHeader) {
  for (std::size_t size = 1; size < 4; ++size) {
    ByteVector chunks(4 + size);
    std::ranges::copy(bytes_of({11, 0, 0, 4}), chunks.begin());
    EXPECT_EQ(walk(packet(chunks), 1), ParseError::kChunkHeaderCut) << size;
  }
}

TEST(ChunkReader, AcceptsALastChunkWithoutItsPadding) {
  EXPECT_EQ(walk(packet(bytes_of({9, 0, 0, 5, 1})), 1), std::nullopt);
  EXPECT_EQ(walk(packet(bytes_of({9, 0, 0, 5, 1, 0, 0})), 1), std::nullopt);
  EXPECT_EQ(walk(packet(bytes_of({9, 0, 0, 5, 1, 0, 0, 0})), 1), std::nullopt);
}

TEST(ChunkReader, WalksThePacketFullOfTheSmallestChunks) {
  ByteVector chunks;
  for (int i = 0; i < 300; ++i) chunks.insert(chunks.end(), {std::byte{11}, {}, {}, std::byte{4}});
  EXPECT_EQ(walk(packet(chunks), 300), std::nullopt);
}

TEST(ChunkReader, TakesAnOffsetBeyondThePacketAsItsEnd) {
  const ByteVector bytes = packet({});
  ChunkReader reader(bytes, 100);
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(ChunkScope, CountsNoPaddingAndPadsWithZeros) {
  const ByteVector bytes = written([](ByteWriter& writer) {
    const ChunkScope scope(writer, ChunkType::kError, 5);
    writer.u8(7);
  });
  EXPECT_EQ(bytes, bytes_of({9, 5, 0, 5, 7, 0, 0, 0}));
}

TEST(ChunkScope, CountsThePaddingBetweenParametersButNotAfterTheLast) {
  const ByteVector bytes = written([](ByteWriter& writer) {
    const ChunkScope scope(writer, ChunkType::kError);
    write_cause(writer, CauseCode::kUserInitiatedAbort, text("a"));
    write_cause(writer, CauseCode::kUserInitiatedAbort, text("b"));
  });
  EXPECT_EQ(bytes, bytes_of({9, 0, 0, 17, 0, 12, 0, 5, 'a', 0, 0, 0, 0, 12, 0, 5, 'b', 0, 0, 0}));
}

TEST(ChunkScope, TurnsTheWriterBadWhenThereIsNoRoomAndWritesNothingBeyond) {
  for (const Sample& sample : samples()) {
    for (std::size_t room = 0; room < sample.bytes.size(); ++room) {
      ByteVector memory(room);
      ByteWriter writer(memory);
      {
        const ChunkScope scope(writer, ChunkType::kError);
        writer.bytes(Bytes(sample.bytes).subspan(4));
      }
      ASSERT_FALSE(writer.ok()) << sample.name << ' ' << room;
    }
  }
}

TEST(ParameterReader, ReadsTypeAndValue) {
  const ByteVector bytes = bytes_of({0x80, 0x08, 0, 5, 193, 0, 0, 0, 0xC0, 0, 0, 4});
  ParameterReader reader(bytes);
  const ParameterView first = reader.next().value();
  EXPECT_EQ(first.parameter_type(), ParameterType::kSupportedExtensions);
  EXPECT_TRUE(same(first.value, bytes_of({193})));
  EXPECT_TRUE(same(first.whole, bytes_of({0x80, 0x08, 0, 5, 193})));
  EXPECT_TRUE(reader.next().value().is(ParameterType::kForwardTsnSupported));
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(ParameterReader, EndsInANamedError) {
  const auto error_of = [](const ByteVector& bytes) {
    ParameterReader reader(bytes);
    while (reader.next()) continue;
    EXPECT_FALSE(reader.next().has_value());
    return reader.error();
  };
  EXPECT_EQ(error_of({}), std::nullopt);
  EXPECT_EQ(error_of(bytes_of({0, 1, 0, 5, 9})), std::nullopt) << "the last parameter may lack its padding";
  EXPECT_EQ(error_of(bytes_of({0, 1, 0})), ParseError::kParameterHeaderCut);
  EXPECT_EQ(error_of(bytes_of({0, 1, 0, 0})), ParseError::kParameterLengthTooSmall);
  EXPECT_EQ(error_of(bytes_of({0, 1, 0, 3})), ParseError::kParameterLengthTooSmall);
  EXPECT_EQ(error_of(bytes_of({0, 1, 0, 5})), ParseError::kParameterOverrun);
  EXPECT_EQ(error_of(bytes_of({0, 1, 0, 4, 0, 1, 0xFF, 0xFF})), ParseError::kParameterOverrun);
}

TEST(AddressParameter, RoundTripsBothFamilies) {
  for (const char* address : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::"}) {
    const IpAddress ip = IpAddress::parse(address).value();
    const ByteVector bytes = written([&](ByteWriter& writer) { write_address(writer, ip); });
    EXPECT_EQ(*parse_address(tlv_in(bytes)), ip);
  }
}

TEST(AddressParameter, HasExactlyTheSizeOfItsFamily) {
  for (const int type : {5, 6}) {
    const std::size_t right = type == 5 ? 4 : 16;
    for (std::size_t size = 0; size < 20; ++size) {
      ByteVector bytes(4 + size);
      std::ranges::copy(bytes_of({0, type, 0, static_cast<int>(4 + size)}), bytes.begin());
      const auto parsed = parse_address(tlv_in(bytes));
      ASSERT_EQ(parsed.has_value(), size == right) << size;
      if (size != right) {
        EXPECT_EQ(parsed.error(), ParseError::kParameterSize);
      }
    }
  }
}

TEST(AddressParameter, HasToBeAnAddress) {
  const auto parsed = parse_address(tlv_in(bytes_of({0, 11, 0, 8, 'h', 'o', 's', 't'})));
  ASSERT_TRUE(parsed.has_error());
  EXPECT_EQ(parsed.error(), ParseError::kWrongParameterType);
}

TEST(UnknownTypes, AreHandledByTheirTwoHighestBits) {
  EXPECT_EQ(unknown_chunk_action(0x3F), UnknownAction::kStop);
  EXPECT_EQ(unknown_chunk_action(0x7F), UnknownAction::kStopAndReport);
  EXPECT_EQ(unknown_chunk_action(0xBF), UnknownAction::kSkip);
  EXPECT_EQ(unknown_chunk_action(0xFF), UnknownAction::kSkipAndReport);
  EXPECT_EQ(unknown_parameter_action(0x3FFF), UnknownAction::kStop);
  EXPECT_EQ(unknown_parameter_action(0x4000), UnknownAction::kStopAndReport);
  EXPECT_EQ(unknown_parameter_action(0x8000), UnknownAction::kSkip);
  EXPECT_EQ(unknown_parameter_action(0xC000), UnknownAction::kSkipAndReport);
  EXPECT_TRUE(stops(UnknownAction::kStop) && !reports(UnknownAction::kStop));
  EXPECT_TRUE(stops(UnknownAction::kStopAndReport) && reports(UnknownAction::kStopAndReport));
  EXPECT_TRUE(!stops(UnknownAction::kSkip) && !reports(UnknownAction::kSkip));
  EXPECT_TRUE(!stops(UnknownAction::kSkipAndReport) && reports(UnknownAction::kSkipAndReport));
}

TEST(Names, ExistForEverySampleAndForNothingUnknown) {
  std::size_t known = 0;
  for (unsigned type = 0; type < 256; ++type) {
    if (is_known_chunk(static_cast<std::uint8_t>(type))) ++known;
  }
  EXPECT_EQ(known, samples().size() + 2)
      << "one sample for each chunk type but SEALED and HANDSHAKE-MAC, which belong to a whole packet";
  EXPECT_EQ(to_string(ChunkType::kCookieEcho), "COOKIE-ECHO");
  EXPECT_EQ(to_string(ParameterType::kAddIpAddress), "Add IP Address");
  EXPECT_EQ(to_string(CauseCode::kStaleCookie), "Stale Cookie");
  EXPECT_EQ(to_string(static_cast<ChunkType>(99)), "unknown");
  EXPECT_EQ(to_string(static_cast<ParameterType>(99)), "unknown");
  EXPECT_EQ(to_string(static_cast<CauseCode>(99)), "unknown");
}

TEST(Names, OfParseErrorsAreDistinct) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kParseErrorCount; ++i) names.push_back(to_string(static_cast<ParseError>(i)));
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_EQ(std::ranges::find(names, "unknown"), names.end());
  EXPECT_EQ(to_string(static_cast<ParseError>(kParseErrorCount)), "unknown");
}

}  // namespace
}  // namespace hawser::sctp::wire::testing
