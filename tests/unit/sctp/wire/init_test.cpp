#include "unit/sctp/support/wire_test_support.hpp"

namespace hawser::sctp::wire::testing {
namespace {

ParameterView value(Bytes bytes) {
  return {.value = bytes};
}

ParseError parameters_error(const ByteVector& bytes) {
  const auto parsed = InitParameters::parse(bytes);
  EXPECT_TRUE(parsed.has_error()) << "parsed although it is invalid";
  return parsed.has_error() ? parsed.error() : ParseError{};
}

TEST(InitChunk, RoundTripsBothKinds) {
  const ByteVector parameters = bytes_of({0xC0, 0, 0, 4});
  for (const bool ack : {false, true}) {
    const ByteVector bytes = serialised(
        InitChunk{ack, VerificationTag{0x01020304}, 0x05060708, 9, 10, Tsn{0x0B0C0D0E}, parameters});
    EXPECT_EQ(bytes, bytes_of({ack ? 2 : 1, 0, 0, 24, 1,  2,  3,  4,  5,    6, 7, 8,
                               0,           9, 0, 10, 11, 12, 13, 14, 0xC0, 0, 0, 4}));
    const auto got = InitChunk::parse(chunk_in(bytes));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->ack, ack);
    EXPECT_EQ(got->initiate_tag, VerificationTag{0x01020304});
    EXPECT_EQ(got->a_rwnd, 0x05060708U);
    EXPECT_EQ(got->outbound_streams, 9);
    EXPECT_EQ(got->inbound_streams, 10);
    EXPECT_EQ(got->initial_tsn, Tsn{0x0B0C0D0E});
    EXPECT_TRUE(same(got->parameters, parameters));
  }
}

TEST(InitChunk, RefusesATagOfZero) {
  EXPECT_EQ(chunk_error<InitChunk>(serialised(InitChunk{false, kNoTag, 1, 1, 1, Tsn{1}, {}})),
            ParseError::kZeroTag);
}

TEST(InitChunk, LetsZeroStreamsThroughForTheAbortThatAnswersThem) {
  const auto got =
      InitChunk::parse(chunk_in(serialised(InitChunk{false, VerificationTag{5}, 1, 0, 0, Tsn{1}, {}})));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->initiate_tag, VerificationTag{5});
  EXPECT_EQ(got->outbound_streams, 0);
}

TEST(InitParameters, RoundTripAllTheirFields) {
  const ByteVector extensions = bytes_of({0xC0, 0xC1, 0x80, 0x82, 16});
  const ByteVector types = bytes_of({0, 5, 0, 6});
  const ByteVector random(32, std::byte{7});
  const ByteVector chunks = bytes_of({0xC1, 0x80, 0});
  const ByteVector hmacs = bytes_of({0, 3, 0, 1});
  const ByteVector report = bytes_of({0xC1, 0x23, 0, 5, 1});
  InitParameters sent;
  sent.addresses.push_back(IpAddress::v4(0xC0000201));
  sent.addresses.push_back(IpAddress::parse("2001:db8::1").value());
  sent.cookie = value(text("cookie!"));
  sent.cookie_preservative = 30'000;
  sent.host_name = value(text("host.example"));
  sent.supported_address_types = value(types);
  sent.supported_extensions = value(extensions);
  sent.adaptation_indication = 0xAABBCCDD;
  sent.zero_checksum = 1;
  sent.forward_tsn_supported = true;
  sent.ecn_capable = true;
  sent.random = value(random);
  sent.chunk_list = value(chunks);
  sent.hmac_algorithms = value(hmacs);
  sent.reports.push_back({.type = 0xC123, .value = {}, .whole = report});

  const ByteVector bytes = serialised(sent);
  const auto got = InitParameters::parse(bytes);
  ASSERT_TRUE(got);
  ASSERT_EQ(got->addresses.size(), 2U);
  EXPECT_EQ(got->addresses[0], sent.addresses[0]);
  EXPECT_EQ(got->addresses[1], sent.addresses[1]);
  EXPECT_TRUE(same(got->cookie.value().value, text("cookie!")));
  EXPECT_EQ(got->cookie_preservative, 30'000U);
  EXPECT_TRUE(same(got->host_name.value().value, text("host.example")));
  EXPECT_EQ(got->adaptation_indication, 0xAABBCCDDU);
  EXPECT_EQ(got->zero_checksum, 1U);
  EXPECT_TRUE(got->forward_tsn_supported);
  EXPECT_TRUE(got->ecn_capable);
  EXPECT_TRUE(same(got->random.value().value, random));
  ASSERT_EQ(got->reports.size(), 1U);
  EXPECT_EQ(got->reports[0].type, 0xC123);
  EXPECT_TRUE(same(got->reports[0].whole, report));
  EXPECT_TRUE(got->unrecognized.empty());
  EXPECT_FALSE(got->stopped);

  EXPECT_TRUE(got->supports(ChunkType::kAsconf));
  EXPECT_TRUE(got->supports(ChunkType::kNrSack));
  EXPECT_FALSE(got->supports(ChunkType::kIData));
  EXPECT_TRUE(got->supports_address_type(ParameterType::kIpv6Address));
  EXPECT_FALSE(got->supports_address_type(ParameterType::kHostNameAddress));
  EXPECT_TRUE(got->wants_authenticated(ChunkType::kData));
  EXPECT_FALSE(got->wants_authenticated(ChunkType::kSack));
  ASSERT_EQ(got->hmac_identifiers().size(), 2U);
  EXPECT_EQ(got->hmac_identifiers()[0], 3);
  EXPECT_EQ(serialised(*got), bytes);
}

TEST(InitParameters, KeepTheBytesOfTheAuthVectorWithHeaderAndWithoutPadding) {
  const ByteVector bytes = bytes_of({0x80, 3, 0, 5, 0xC1, 0, 0, 0, 0x80, 4, 0, 6, 0, 1});
  const auto got = InitParameters::parse(bytes);
  ASSERT_TRUE(got);
  EXPECT_TRUE(same(got->chunk_list.value().whole, bytes_of({0x80, 3, 0, 5, 0xC1})));
  EXPECT_TRUE(same(got->hmac_algorithms.value().whole, bytes_of({0x80, 4, 0, 6, 0, 1})));
  EXPECT_FALSE(got->random.has_value());
}

TEST(InitParameters, MayBeNone) {
  const auto got = InitParameters::parse({});
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->addresses.empty());
  EXPECT_FALSE(got->supports(ChunkType::kAsconf));
  EXPECT_FALSE(got->wants_authenticated(ChunkType::kAsconf));
  EXPECT_TRUE(got->hmac_identifiers().empty());
  EXPECT_TRUE(got->supports_address_type(ParameterType::kIpv6Address))
      << "without this parameter, all types are supported";
}

TEST(InitParameters, CountTheFirstOfWhatComesTwice) {
  const ByteVector bytes = bytes_of({0,    7, 0, 5, 1, 0, 0, 0, 0,    7, 0, 5, 2, 0, 0, 0,  //
                                     0xC0, 6, 0, 8, 0, 0, 0, 1, 0xC0, 6, 0, 8, 0, 0, 0, 2});
  const auto got = InitParameters::parse(bytes);
  ASSERT_TRUE(got);
  EXPECT_TRUE(same(got->cookie.value().value, bytes_of({1})));
  EXPECT_EQ(got->adaptation_indication, 1U);
}

TEST(InitParameters, ReportAndStopByTheHighBitsOfUnknownTypes) {
  const ByteVector known = bytes_of({0xC0, 0, 0, 4});
  const auto parse_behind = [&](int high, int low, ByteVector& bytes) {
    bytes = bytes_of({high, low, 0, 5, 9, 0, 0, 0});
    bytes.insert(bytes.end(), known.begin(), known.end());
    return InitParameters::parse(bytes);
  };
  struct Case {
    int high;
    bool stops;
    bool reports;
  };
  for (const Case& c :
       {Case{0x3F, true, false}, Case{0x7F, true, true}, Case{0xBF, false, false}, Case{0xFF, false, true}}) {
    ByteVector bytes;
    const auto got = parse_behind(c.high, 0x11, bytes);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->stopped, c.stops) << c.high;
    EXPECT_EQ(got->forward_tsn_supported, !c.stops) << c.high;
    ASSERT_EQ(got->unrecognized.size(), c.reports ? 1U : 0U) << c.high;
    if (c.reports) {
      EXPECT_TRUE(same(got->unrecognized[0].whole, Bytes(bytes).first(5)));
    }
  }
}

TEST(InitParameters, PassReportsOnIntoTheAnswer) {
  const ByteVector init = bytes_of({0xC1, 0x11, 0, 5, 9, 0, 0, 0, 0xC1, 0x12, 0, 4});
  const auto received = InitParameters::parse(init);
  ASSERT_TRUE(received);
  InitParameters answer;
  for (const ParameterView& unknown : received->unrecognized) answer.reports.push_back(unknown);
  const ByteVector bytes = serialised(answer);
  EXPECT_EQ(bytes, bytes_of({0, 8, 0, 9, 0xC1, 0x11, 0, 5, 9, 0, 0, 0, 0, 8, 0, 8, 0xC1, 0x12, 0, 4}));
  const auto heard = InitParameters::parse(bytes);
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->reports.size(), 2U);
  EXPECT_EQ(heard->reports[1].type, 0xC112);
}

TEST(InitParameters, IgnoreABrokenReport) {
  const ByteVector bytes = bytes_of({0, 8, 0, 8, 0xC1, 0x11, 0, 99, 0xC0, 0, 0, 4});
  const auto got = InitParameters::parse(bytes);
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->reports.empty());
  EXPECT_TRUE(got->forward_tsn_supported);
}

TEST(InitParameters, KeepABoundedNumberOfAddressesAndReports) {
  ByteVector bytes;
  for (std::size_t i = 0; i < 100; ++i) {
    const ByteVector address = bytes_of({0, 5, 0, 8, 10, 0, 0, static_cast<int>(i)});
    const ByteVector unknown = bytes_of({0xC1, 0, 0, 4});
    bytes.insert(bytes.end(), address.begin(), address.end());
    bytes.insert(bytes.end(), unknown.begin(), unknown.end());
  }
  const auto got = InitParameters::parse(bytes);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->addresses.size(), InitParameters::kMaxAddresses);
  EXPECT_EQ(got->addresses.dropped(), 100 - InitParameters::kMaxAddresses);
  EXPECT_EQ(got->unrecognized.size(), InitParameters::kMaxReports);
  EXPECT_EQ(got->unrecognized.dropped(), 100 - InitParameters::kMaxReports);
}

TEST(InitParameters, SkipPadding) {
  const ByteVector bytes = written([](ByteWriter& writer) {
    write_padding_parameter(writer, 1000);
    write_parameter(writer, ParameterType::kForwardTsnSupported, {});
  });
  ASSERT_EQ(bytes.size(), 1008U);
  const auto got = InitParameters::parse(bytes);
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->forward_tsn_supported);
  EXPECT_TRUE(got->unrecognized.empty());
}

TEST(InitParameters, RefuseKnownParametersOfTheWrongSize) {
  EXPECT_EQ(parameters_error(bytes_of({0, 5, 0, 7, 1, 2, 3})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0, 6, 0, 8, 1, 2, 3, 4})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0, 9, 0, 4})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0, 12, 0, 5, 0})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0x80, 0, 0, 5, 0})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0x80, 1, 0, 6, 0, 0})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0x80, 4, 0, 7, 0, 1, 0})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0xC0, 0, 0, 8, 0, 0, 0, 0})), ParseError::kParameterSize);
  EXPECT_EQ(parameters_error(bytes_of({0xC0, 6, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0})), ParseError::kParameterSize);
}

TEST(InitParameters, RefuseALastParameterThatReachesBeyondTheChunk) {
  EXPECT_EQ(parameters_error(bytes_of({0xC0, 0, 0, 4, 0, 5, 0, 8, 1, 2})), ParseError::kParameterOverrun);
  EXPECT_EQ(parameters_error(bytes_of({0xC0, 0, 0, 4, 0, 5, 0})), ParseError::kParameterHeaderCut);
  EXPECT_EQ(parameters_error(bytes_of({0xC0, 0, 0, 4, 0, 5, 0, 0})), ParseError::kParameterLengthTooSmall);
}

}  // namespace
}  // namespace hawser::sctp::wire::testing
