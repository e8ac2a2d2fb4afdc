#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

const IpAddress kV4 = IpAddress::v4(0xC0000201);
const IpAddress kV6 = IpAddress::parse("2001:db8::1").value();

TEST(AuthChunk, RoundTrips) {
  const ByteVector digest(32, std::byte{0xAB});
  const ByteVector bytes = serialised(AuthChunk{5, 3, digest});
  EXPECT_EQ(bytes.size(), AuthChunk::kDigestOffset + 32);
  const auto got = AuthChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->key_id, 5);
  EXPECT_EQ(got->hmac_id, 3);
  EXPECT_TRUE(same(got->digest, digest));
}

TEST(AuthChunk, IsWrittenUnsignedWithZerosWhereTheDigestBelongs) {
  for (const HmacId id : {HmacId::kSha1, HmacId::kSha256}) {
    ByteVector room(100, std::byte{0xFF});
    ByteWriter writer(room);
    writer.u32(0);  // something before it
    const std::size_t at = AuthChunk::write_unsigned(writer, 7, id);
    EXPECT_EQ(at, 4 + AuthChunk::kDigestOffset);
    const auto got = AuthChunk::parse(chunk_in(writer.written().subspan(4)));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->key_id, 7);
    EXPECT_EQ(got->digest.data(), room.data() + at);
    EXPECT_TRUE(same(got->digest, ByteVector(hmac_size(got->hmac_id))));
  }
  EXPECT_EQ(hmac_size(1), 20U);
  EXPECT_EQ(hmac_size(3), 32U);
  EXPECT_EQ(hmac_size(2), 0U);
}

TEST(AuthChunk, LargerThanAnyDigestParsesWithoutACopyAndShowsItsSize) {
  const ByteVector huge(60'000, std::byte{1});
  const ByteVector bytes = serialised(AuthChunk{0, 1, huge});
  const auto got = AuthChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->digest.size(), huge.size());
  EXPECT_EQ(got->digest.data(), bytes.data() + AuthChunk::kDigestOffset);
}

TEST(AuthChunk, RefusesLessThanItsIdentifiers) {
  EXPECT_EQ(chunk_error<AuthChunk>(bytes_of({15, 0, 0, 7, 0, 0, 0, 0})), ParseError::kChunkSize);
}

TEST(AsconfChunk, RoundTripsWithRequestsOfEveryKind) {
  const AsconfRequest sent[] = {{ParameterType::kAddIpAddress, 1, IpAddress::any_v4()},
                                {ParameterType::kDeleteIpAddress, 2, kV6},
                                {ParameterType::kSetPrimaryAddress, 0xFFFFFFFF, kV4}};
  const ByteVector requests = written([&](ByteWriter& writer) {
    for (const AsconfRequest& request : sent) request.write(writer);
  });
  const ByteVector bytes = serialised(AsconfChunk{0x01020304, kV6, requests});
  const auto got = AsconfChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->serial, 0x01020304U);
  EXPECT_EQ(got->lookup_address, kV6);
  ParameterReader reader = got->request_reader();
  for (const AsconfRequest& expected : sent) {
    const auto request = AsconfRequest::parse(reader.next().value());
    ASSERT_TRUE(request);
    EXPECT_EQ(request->type, expected.type);
    EXPECT_EQ(request->correlation_id, expected.correlation_id);
    EXPECT_EQ(request->address, expected.address);
  }
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(AsconfChunk, LiesOnTheWireAsTheRfcDrawsIt) {
  const ByteVector request = serialised(AsconfRequest{ParameterType::kAddIpAddress, 9, IpAddress::any_v4()});
  const ByteVector bytes = serialised(AsconfChunk{5, kV4, request});
  EXPECT_EQ(bytes, bytes_of({193,  0, 0, 32, 0, 0, 0, 5, 0, 5, 0, 8, 192, 0, 2, 1,  //
                             0xC0, 1, 0, 16, 0, 0, 0, 9, 0, 5, 0, 8, 0,   0, 0, 0}));
}

TEST(AsconfChunk, RefusesALookupAddressThatIsMissingCutOrSomethingElse) {
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 6, 0, 0, 0, 0})), ParseError::kChunkSize);
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 8, 0, 0, 0, 5})), ParseError::kMissingParameter);
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 10, 0, 0, 0, 5, 0, 5, 0, 0})),
            ParseError::kParameterHeaderCut);
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 14, 0, 0, 0, 5, 0, 5, 0, 8, 192, 0, 0, 0})),
            ParseError::kParameterOverrun);
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 14, 0, 0, 0, 5, 0, 5, 0, 6, 192, 0, 0, 0})),
            ParseError::kParameterSize);
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 16, 0, 0, 0, 5, 0, 6, 0, 8, 192, 0, 2, 1})),
            ParseError::kParameterSize);
  EXPECT_EQ(chunk_error<AsconfChunk>(bytes_of({193, 0, 0, 16, 0, 0, 0, 5, 0, 7, 0, 8, 192, 0, 2, 1})),
            ParseError::kWrongParameterType);
}

TEST(AsconfRequest, RefusesAnAddressThatIsMissingCutOrFollowedByMore) {
  EXPECT_EQ(tlv_error<AsconfRequest>(bytes_of({0xC0, 1, 0, 6, 0, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<AsconfRequest>(bytes_of({0xC0, 1, 0, 8, 0, 0, 0, 1})), ParseError::kMissingParameter);
  EXPECT_EQ(tlv_error<AsconfRequest>(bytes_of({0xC0, 2, 0, 14, 0, 0, 0, 1, 0, 5, 0, 8, 1, 2})),
            ParseError::kParameterOverrun);
  EXPECT_EQ(
      tlv_error<AsconfRequest>(bytes_of({0xC0, 4, 0, 20, 0, 0, 0, 1, 0, 5, 0, 8, 1, 2, 3, 4, 0, 5, 0, 8})),
      ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<AsconfRequest>(bytes_of({0xC0, 5, 0, 8, 0, 0, 0, 1})), ParseError::kWrongParameterType);
}

TEST(AsconfRequest, OfAnUnknownKindStillHasItsCorrelationId) {
  EXPECT_EQ(*parse_correlation_id(tlv_in(bytes_of({0xC1, 0x99, 0, 9, 0, 0, 0, 7, 1}))), 7U);
  EXPECT_TRUE(parse_correlation_id(tlv_in(bytes_of({0xC1, 0x99, 0, 7, 0, 0, 0}))).has_error());
}

TEST(AsconfAckChunk, RoundTripsSuccessAndErrors) {
  const ByteVector request = serialised(AsconfRequest{ParameterType::kDeleteIpAddress, 2, kV4});
  const ByteVector responses = written([&](ByteWriter& writer) {
    AsconfResponse{1, true, {}}.write(writer);
    AsconfResponse::write_error(writer, 2, CauseCode::kDeleteLastAddress, request);
  });
  const ByteVector bytes = serialised(AsconfAckChunk{77, responses});
  const auto got = AsconfAckChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->serial, 77U);
  ParameterReader reader = got->response_reader();
  const auto success = AsconfResponse::parse(reader.next().value());
  ASSERT_TRUE(success);
  EXPECT_TRUE(success->success);
  EXPECT_EQ(success->correlation_id, 1U);
  const auto failure = AsconfResponse::parse(reader.next().value());
  ASSERT_TRUE(failure);
  EXPECT_FALSE(failure->success);
  EXPECT_EQ(failure->correlation_id, 2U);
  const CauseView cause = failure->cause_reader().next().value();
  EXPECT_TRUE(cause.is(CauseCode::kDeleteLastAddress));
  EXPECT_TRUE(same(cause.value, request));
  EXPECT_EQ(serialised(*failure), to_vector(tlv_in(Bytes(responses).subspan(8)).whole));
}

TEST(AsconfAckChunk, MayBeEmptyWhichMeansThatAllSucceeded) {
  const ByteVector bytes = serialised(AsconfAckChunk{5, {}});
  EXPECT_EQ(bytes, bytes_of({128, 0, 0, 8, 0, 0, 0, 5}));
  EXPECT_TRUE(AsconfAckChunk::parse(chunk_in(bytes))->responses.empty());
}

TEST(AsconfResponse, RefusesWrongSizesAndTypes) {
  EXPECT_EQ(tlv_error<AsconfResponse>(bytes_of({0xC0, 5, 0, 4})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<AsconfResponse>(bytes_of({0xC0, 5, 0, 9, 0, 0, 0, 1, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<AsconfResponse>(bytes_of({0xC0, 3, 0, 6, 0, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<AsconfResponse>(bytes_of({0xC0, 1, 0, 8, 0, 0, 0, 1})),
            ParseError::kWrongParameterType);
}

TEST(ReconfigChunk, RoundTripsAllItsParameters) {
  const std::uint16_t streams[] = {1, 65535, 3};
  const ByteVector parameters = written([&](ByteWriter& writer) {
    OutgoingResetRequest::write(writer, {1, 2, 3, {}}, streams);
    IncomingResetRequest::write(writer, 4, streams);
    SsnTsnResetRequest{5}.write(writer);
    ReconfigResponse{6, ReconfigResult::kDenied, std::nullopt}.write(writer);
    ReconfigResponse{7, ReconfigResult::kPerformed, ReconfigResponse::NextTsns{8, 9}}.write(writer);
    AddStreamsRequest{false, 10, 11}.write(writer);
    AddStreamsRequest{true, 12, 13}.write(writer);
  });
  const ByteVector bytes = serialised(ReconfigChunk{parameters});
  const auto got = ReconfigChunk::parse(chunk_in(bytes));
  ASSERT_TRUE(got);
  ParameterReader reader = got->parameter_reader();
  const auto outgoing = OutgoingResetRequest::parse(reader.next().value());
  ASSERT_TRUE(outgoing);
  EXPECT_EQ(outgoing->request_sequence, 1U);
  EXPECT_EQ(outgoing->response_sequence, 2U);
  EXPECT_EQ(outgoing->last_assigned_tsn, 3U);
  ASSERT_EQ(outgoing->streams.size(), 3U);
  EXPECT_EQ(outgoing->streams[1], 65535);
  const auto incoming = IncomingResetRequest::parse(reader.next().value());
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->request_sequence, 4U);
  EXPECT_EQ(incoming->streams.size(), 3U);
  EXPECT_EQ(SsnTsnResetRequest::parse(reader.next().value())->request_sequence, 5U);
  const auto denied = ReconfigResponse::parse(reader.next().value());
  ASSERT_TRUE(denied);
  EXPECT_EQ(denied->response_sequence, 6U);
  EXPECT_EQ(denied->result, ReconfigResult::kDenied);
  EXPECT_EQ(denied->next_tsns, std::nullopt);
  const auto performed = ReconfigResponse::parse(reader.next().value());
  ASSERT_TRUE(performed);
  EXPECT_EQ(performed->next_tsns, (ReconfigResponse::NextTsns{8, 9}));
  const auto add_outgoing = AddStreamsRequest::parse(reader.next().value());
  ASSERT_TRUE(add_outgoing);
  EXPECT_FALSE(add_outgoing->incoming);
  EXPECT_EQ(add_outgoing->request_sequence, 10U);
  EXPECT_EQ(add_outgoing->new_streams, 11);
  EXPECT_TRUE(AddStreamsRequest::parse(reader.next().value())->incoming);
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(ReconfigParameters, MayNameNoStreamWhichMeansAll) {
  const ByteVector bytes = serialised(OutgoingResetRequest{1, 2, 3, {}});
  EXPECT_EQ(bytes, bytes_of({0, 13, 0, 16, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}));
  EXPECT_TRUE(OutgoingResetRequest::parse(tlv_in(bytes))->streams.empty());
  EXPECT_TRUE(IncomingResetRequest::parse(tlv_in(serialised(IncomingResetRequest{1, {}})))->streams.empty());
}

TEST(ReconfigParameters, RefuseWrongSizes) {
  EXPECT_EQ(tlv_error<OutgoingResetRequest>(bytes_of({0, 13, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2})),
            ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<OutgoingResetRequest>(bytes_of({0, 13, 0, 17, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9})),
            ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<IncomingResetRequest>(bytes_of({0, 14, 0, 7, 0, 0, 0})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<SsnTsnResetRequest>(bytes_of({0, 15, 0, 4})), ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<ReconfigResponse>(bytes_of({0, 16, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1})),
            ParseError::kParameterSize);
  EXPECT_EQ(tlv_error<AddStreamsRequest>(bytes_of({0, 17, 0, 10, 0, 0, 0, 1, 0, 1})),
            ParseError::kParameterSize);
}

TEST(ReconfigParameters, AreNotEachOther) {
  const ByteVector bytes = serialised(SsnTsnResetRequest{1});
  EXPECT_EQ(tlv_error<OutgoingResetRequest>(bytes), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<IncomingResetRequest>(bytes), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<ReconfigResponse>(bytes), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<AddStreamsRequest>(bytes), ParseError::kWrongParameterType);
  EXPECT_EQ(tlv_error<SsnTsnResetRequest>(serialised(AddStreamsRequest{false, 1, 1})),
            ParseError::kWrongParameterType);
}

}  // namespace
}  // namespace hawser::sctp::wire::testing
