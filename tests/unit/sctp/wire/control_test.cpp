#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

TEST(CookieEchoChunk, RoundTripsCookiesOfAnySize) {
  for (const char* cookie : {"", "x", "a cookie of some length"}) {
    const ByteVector bytes = serialised(CookieEchoChunk{text(cookie)});
    const auto got = CookieEchoChunk::parse(chunk_in(bytes));
    ASSERT_TRUE(got);
    EXPECT_TRUE(same(got->cookie, text(cookie)));
  }
}

TEST(HeaderOnlyChunks, RoundTrip) {
  EXPECT_EQ(serialised(CookieAckChunk{}), bytes_of({11, 0, 0, 4}));
  EXPECT_EQ(serialised(ShutdownAckChunk{}), bytes_of({8, 0, 0, 4}));
  EXPECT_TRUE(CookieAckChunk::parse(chunk_in(bytes_of({11, 0, 0, 4}))));
  EXPECT_TRUE(ShutdownAckChunk::parse(chunk_in(bytes_of({8, 0, 0, 4}))));
}

TEST(HeaderOnlyChunks, RefuseAValue) {
  EXPECT_EQ(chunk_error<CookieAckChunk>(bytes_of({11, 0, 0, 8, 0, 0, 0, 0})), ParseError::kChunkSize);
  EXPECT_EQ(chunk_error<ShutdownAckChunk>(bytes_of({8, 0, 0, 8, 0, 0, 0, 0})), ParseError::kChunkSize);
  EXPECT_EQ(chunk_error<ShutdownCompleteChunk>(bytes_of({14, 0, 0, 5, 0, 0, 0, 0})), ParseError::kChunkSize);
}

TEST(ShutdownChunk, RoundTrips) {
  const ByteVector bytes = serialised(ShutdownChunk{Tsn{0x01020304}});
  EXPECT_EQ(bytes, bytes_of({7, 0, 0, 8, 1, 2, 3, 4}));
  EXPECT_EQ(ShutdownChunk::parse(chunk_in(bytes))->cumulative_tsn, Tsn{0x01020304});
}

TEST(ShutdownCompleteChunk, RoundTripsTheTBit) {
  for (const bool reflected : {false, true}) {
    const ByteVector bytes = serialised(ShutdownCompleteChunk{reflected});
    EXPECT_EQ(bytes, bytes_of({14, reflected ? 1 : 0, 0, 4}));
    EXPECT_EQ(ShutdownCompleteChunk::parse(chunk_in(bytes))->tag_reflected, reflected);
  }
}

TEST(HeartbeatChunk, RoundTripsInfoOfAnySize) {
  const ByteVector large(1400, std::byte{3});
  for (const Bytes info : {Bytes{}, text("x"), text("a nonce and a path"), Bytes(large)}) {
    for (const bool ack : {false, true}) {
      const ByteVector bytes = serialised(HeartbeatChunk{ack, info});
      const auto got = HeartbeatChunk::parse(chunk_in(bytes));
      ASSERT_TRUE(got);
      EXPECT_EQ(got->ack, ack);
      EXPECT_TRUE(same(got->info, info));
    }
  }
}

TEST(HeartbeatChunk, RefusesInfoThatIsMissingCutOrSomethingElse) {
  EXPECT_EQ(chunk_error<HeartbeatChunk>(bytes_of({5, 0, 0, 4})), ParseError::kMissingParameter);
  EXPECT_EQ(chunk_error<HeartbeatChunk>(bytes_of({5, 0, 0, 6, 0, 1, 0, 0})), ParseError::kParameterHeaderCut);
  EXPECT_EQ(chunk_error<HeartbeatChunk>(bytes_of({5, 0, 0, 8, 0, 1, 0, 0})),
            ParseError::kParameterLengthTooSmall);
  EXPECT_EQ(chunk_error<HeartbeatChunk>(bytes_of({5, 0, 0, 8, 0, 1, 0, 44})), ParseError::kParameterOverrun);
  EXPECT_EQ(chunk_error<HeartbeatChunk>(bytes_of({5, 0, 0, 8, 0, 2, 0, 4})), ParseError::kWrongParameterType);
}

TEST(EcnChunks, RoundTrip) {
  EXPECT_EQ(serialised(EcneChunk{Tsn{9}}), bytes_of({12, 0, 0, 8, 0, 0, 0, 9}));
  EXPECT_EQ(serialised(CwrChunk{Tsn{9}}), bytes_of({13, 0, 0, 8, 0, 0, 0, 9}));
  EXPECT_EQ(EcneChunk::parse(chunk_in(serialised(EcneChunk{Tsn{9}})))->lowest_tsn, Tsn{9});
  EXPECT_EQ(CwrChunk::parse(chunk_in(serialised(CwrChunk{Tsn{9}})))->lowest_tsn, Tsn{9});
}

TEST(EcneChunk, AcceptsThePacketCountThatSomePeersAppend) {
  EXPECT_EQ(EcneChunk::parse(chunk_in(bytes_of({12, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 2})))->lowest_tsn, Tsn{9});
}

TEST(PathAckChunk, IsWrittenAsTheProtocolHasIt) {
  const PathAckEntry entry{{Epoch{1}, RecordPathId{2}}, 0x0304, 0x05060708, 0x090A0B0C, 0x0D0E, 0x0F10};
  const ByteVector bytes = written([&](ByteWriter& w) { write_path_ack(w, 0xA1A2A3A4, {&entry, 1}); });
  EXPECT_EQ(bytes, bytes_of({0x9e, 0, 0, 24, 0xA1, 0xA2, 0xA3, 0xA4, 1,  2,  3,  4,
                             5,    6, 7, 8,  9,    10,   11,   12,   13, 14, 15, 16}));
  const auto ack = PathAckChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->sent_at_us, 0xA1A2A3A4);
  ASSERT_EQ(ack->entries.size(), 1U);
  EXPECT_EQ(ack->entries[0], entry);
}

TEST(PathAckChunk, RefusesNoEntryAndPartsOfAnEntry) {
  const PathAckEntry entry{};
  ByteVector bytes = written([&](ByteWriter& w) { write_path_ack(w, 1, {&entry, 1}); });
  for (int length = 4; length < 24; ++length) {
    bytes[3] = static_cast<std::byte>(length);
    bytes.resize(static_cast<std::size_t>(length + 3) / 4 * 4);
    EXPECT_EQ(chunk_error<PathAckChunk>(bytes), ParseError::kChunkSize) << length;
    bytes.resize(24);
  }
}

TEST(PathAckChunk, IsSkippedSilentlyByReceiversThatDoNotKnowIt) {
  EXPECT_EQ(unknown_chunk_action(static_cast<std::uint8_t>(ChunkType::kPathAck)), UnknownAction::kSkip);
}

TEST(PadChunk, RoundTripsItsSizeAsZeros) {
  const ByteVector bytes = serialised(PadChunk{5});
  EXPECT_EQ(bytes, bytes_of({132, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(PadChunk::parse(chunk_in(bytes))->size, 5U);
}

TEST(AbortChunk, RoundTripsTheTBitAndItsCauses) {
  const ByteVector causes =
      written([](ByteWriter& w) { write_cause(w, CauseCode::kProtocolViolation, text("why")); });
  for (const bool reflected : {false, true}) {
    const ByteVector bytes = serialised(AbortChunk{reflected, causes});
    const auto got = AbortChunk::parse(chunk_in(bytes));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->tag_reflected, reflected);
    const CauseView cause = got->cause_reader().next().value();
    EXPECT_EQ(cause.cause_code(), CauseCode::kProtocolViolation);
    EXPECT_TRUE(same(cause.value, text("why")));
  }
}

TEST(AbortChunk, CountsEvenWithBrokenCauses) {
  const ByteVector bytes = bytes_of({6, 0, 0, 8, 0, 12, 0, 99});
  const auto got = AbortChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  CauseReader reader = got->cause_reader();
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_EQ(reader.error(), ParseError::kParameterOverrun);
}

TEST(ErrorChunk, RoundTripsSeveralCauses) {
  const ByteVector causes = written([](ByteWriter& writer) {
    InvalidStreamCause{StreamId{7}}.write(writer);
    write_cause(writer, CauseCode::kUnrecognizedChunkType, text("chunk"));
    NoUserDataCause{Tsn{42}}.write(writer);
  });
  const ByteVector bytes = serialised(ErrorChunk{causes});
  CauseReader reader = ErrorChunk::parse(chunk_in(bytes))->cause_reader();
  EXPECT_EQ(InvalidStreamCause::parse(reader.next().value())->stream, StreamId{7});
  EXPECT_TRUE(same(reader.next().value().value, text("chunk")));
  EXPECT_EQ(NoUserDataCause::parse(reader.next().value())->tsn, Tsn{42});
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(Causes, RoundTripThoseWithFields) {
  EXPECT_EQ(serialised(InvalidStreamCause{StreamId{0x0102}}), bytes_of({0, 1, 0, 8, 1, 2, 0, 0}));
  EXPECT_EQ(serialised(StaleCookieCause{0x01020304}), bytes_of({0, 3, 0, 8, 1, 2, 3, 4}));
  EXPECT_EQ(StaleCookieCause::parse(tlv_in(serialised(StaleCookieCause{5})))->staleness_us, 5U);
  EXPECT_EQ(serialised(NoUserDataCause{Tsn{9}}), bytes_of({0, 9, 0, 8, 0, 0, 0, 9}));
  EXPECT_EQ(serialised(UnsupportedHmacCause{2}), bytes_of({1, 5, 0, 6, 0, 2}));
  EXPECT_EQ(UnsupportedHmacCause::parse(tlv_in(serialised(UnsupportedHmacCause{2})))->identifier, 2);
}

TEST(Causes, RoundTripMissingParameters) {
  const ParameterType missing[] = {ParameterType::kStateCookie, ParameterType::kRandom};
  const ByteVector bytes =
      written([&](ByteWriter& writer) { MissingParameterCause::write(writer, missing); });
  EXPECT_EQ(bytes, bytes_of({0, 2, 0, 12, 0, 0, 0, 2, 0, 7, 0x80, 2}));
  const auto got = MissingParameterCause::parse(tlv_in(bytes));
  ASSERT_TRUE(got);
  ASSERT_EQ(got->types.size(), 2U);
  EXPECT_EQ(got->types[1], 0x8002);
  EXPECT_EQ(serialised(*got), bytes);
}

TEST(Causes, RoundTripThoseWithFreeBytesOrNone) {
  for (const CauseCode code :
       {CauseCode::kOutOfResource, CauseCode::kUnresolvableAddress, CauseCode::kUnrecognizedChunkType,
        CauseCode::kInvalidMandatoryParameter, CauseCode::kUnrecognizedParameters,
        CauseCode::kCookieReceivedWhileShuttingDown, CauseCode::kUserInitiatedAbort,
        CauseCode::kProtocolViolation, CauseCode::kDeleteLastAddress, CauseCode::kResourceShortage,
        CauseCode::kDeleteSourceAddress, CauseCode::kIllegalAsconfAck, CauseCode::kRequestRefused}) {
    for (const char* content : {"", "content"}) {
      const ByteVector bytes = written([&](ByteWriter& writer) { write_cause(writer, code, text(content)); });
      const CauseView got = tlv_in(bytes);
      EXPECT_EQ(got.cause_code(), code);
      EXPECT_TRUE(same(got.value, text(content)));
    }
  }
}

TEST(Causes, RoundTripTheNewAddressesOfARestart) {
  const IpAddress addresses[] = {IpAddress::v4(0xC0000201), IpAddress::parse("2001:db8::1").value()};
  const ByteVector bytes = written([&](ByteWriter& writer) { write_restart_cause(writer, addresses); });
  const CauseView cause = tlv_in(bytes);
  EXPECT_TRUE(cause.is(CauseCode::kRestartWithNewAddresses));
  ParameterReader reader(cause.value);
  EXPECT_EQ(*parse_address(reader.next().value()), addresses[0]);
  EXPECT_EQ(*parse_address(reader.next().value()), addresses[1]);
  EXPECT_FALSE(reader.next().has_value());
}

TEST(Causes, RefuseAStaleCookieOfLengthFour) {
  EXPECT_EQ(tlv_error<StaleCookieCause>(bytes_of({0, 3, 0, 4})), ParseError::kParameterSize);
}

TEST(Causes, RefuseWrongSizesAndCounts) {
  EXPECT_EQ(tlv_error<InvalidStreamCause>(bytes_of({0, 1, 0, 6, 0, 1})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<NoUserDataCause>(bytes_of({0, 9, 0, 5, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<UnsupportedHmacCause>(bytes_of({1, 5, 0, 5, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<MissingParameterCause>(bytes_of({0, 2, 0, 6, 0, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<MissingParameterCause>(bytes_of({0, 2, 0, 10, 0, 0, 0, 2, 0, 7})),
            ParseError::kListOverrun);
  EXPECT_EQ(tlv_error<MissingParameterCause>(bytes_of({0, 2, 0, 10, 0x80, 0, 0, 1, 0, 7})),
            ParseError::kListOverrun);
}

TEST(Causes, AreNotEachOther) {
  const ByteVector stale = serialised(StaleCookieCause{1});
  EXPECT_EQ(tlv_error<InvalidStreamCause>(stale), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<NoUserDataCause>(stale), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<MissingParameterCause>(stale), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<UnsupportedHmacCause>(stale), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<StaleCookieCause>(serialised(NoUserDataCause{Tsn{1}})),
            ParseError::kWrongParameterType);
}

}  // namespace
}  // namespace hawser::sctp::wire::testing
