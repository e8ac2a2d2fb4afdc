#include <gtest/gtest.h>

#include <numeric>

#include "unit/sctp/support/endpoint_pair.hpp"

// User data between two endpoints, windows and false acknowledgements: RFC 9260 §6.

namespace hawser::sctp::association {
namespace {

using namespace std::chrono_literals;
using test::accepting;
using test::Datagram;
using test::EndpointPair;
using wire::ChunkType;

std::string numbered(int n, std::size_t size) {
  std::string text = std::to_string(n) + ":";
  text.resize(std::max(size, text.size()), static_cast<char>('a' + n % 26));
  return text;
}

TEST(AssociationData, MessagesOfAllSizesArriveWholeAndInOrder) {
  EndpointPair pair;
  pair.connect();
  const std::vector<std::size_t> sizes = {1, 2, 3, 4, 1'000, 1'423, 1'424, 1'425, 10'000, 100'000, 65'535, 5};
  for (std::size_t i = 0; i < sizes.size(); ++i)
    pair.send(pair.client, numbered(static_cast<int>(i), sizes[i]));
  pair.run(10s);
  ASSERT_EQ(pair.server.messages.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_EQ(pair.server.messages[i].text, numbered(static_cast<int>(i), sizes[i]));
}

TEST(AssociationData, StreamPpidAndOrderingArriveWithTheMessage) {
  EndpointPair pair;
  pair.connect();
  pair.send(pair.client, "x", {.stream = StreamId(7), .ppid = Ppid(0xABCD'0123), .unordered = true});
  pair.carry();
  ASSERT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.messages[0].stream, StreamId(7));
  EXPECT_EQ(pair.server.messages[0].ppid, Ppid(0xABCD'0123));
  EXPECT_TRUE(pair.server.messages[0].unordered);
}

TEST(AssociationData, ALostPacketHoldsUpItsStreamAlone) {
  EndpointPair pair;
  pair.connect();
  pair.run(1s);
  int lost = 0;
  pair.lost_to_server = [&lost](const Datagram& each) {
    return test::contains(each, ChunkType::kData) && lost++ == 0;
  };
  pair.send(pair.client, std::string(1'400, 'a'), {.stream = StreamId(1)});
  pair.send(pair.client, std::string(1'400, 'b'), {.stream = StreamId(1)});
  pair.send(pair.client, std::string(1'400, 'c'), {.stream = StreamId(2)});
  pair.pick_up();
  pair.deliver_to_server();
  pair.server.poll(pair.now);
  ASSERT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.messages[0].text[0], 'c');
  pair.run(10s);
  ASSERT_EQ(pair.server.messages.size(), 3U);
  EXPECT_EQ(pair.server.messages[1].text[0], 'a');
  EXPECT_EQ(pair.server.messages[2].text[0], 'b');
}

TEST(AssociationData, EverythingArrivesOnceThroughLossBothWays) {
  EndpointPair pair;
  pair.connect();
  std::uint64_t state = 5;
  const auto lossy = [&state](const Datagram&) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % 8 == 0;
  };
  pair.lost_to_server = lossy;
  pair.lost_to_client = lossy;
  for (int i = 0; i < 150; ++i) ASSERT_EQ(pair.send(pair.client, numbered(i, 2'000)), SendResult::ok);
  for (int i = 0; i < 150; ++i) ASSERT_EQ(pair.send(pair.server, numbered(i, 700)), SendResult::ok);
  pair.run(10min);
  ASSERT_EQ(pair.server.messages.size(), 150U);
  ASSERT_EQ(pair.client.messages.size(), 150U);
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(pair.server.messages[static_cast<std::size_t>(i)].text, numbered(i, 2'000));
    EXPECT_EQ(pair.client.messages[static_cast<std::size_t>(i)].text, numbered(i, 700));
  }
  EXPECT_EQ(pair.client.pool.in_use(), 0U);
  EXPECT_EQ(pair.server.pool.in_use(), 0U);
}

TEST(AssociationData, AClosedWindowIsProbedForAsLongAsItTakes) {
  EndpointConfig small = accepting();
  small.receive_window = 4'000;
  EndpointPair pair({}, small);
  pair.connect();
  pair.server.reading = false;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(pair.send(pair.client, numbered(i, 1'000)), SendResult::ok);
  pair.run(1h);
  EXPECT_EQ(pair.client_status().state, AssociationState::established)
      << "a user that does not read is no failure";
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 0);
  EXPECT_LE(pair.server_status().receive_buffered, 2 * 4'000U)
      << "only a chunk that fills a gap is stored beyond the window";
  EXPECT_GT(pair.client_status().queued_bytes, 10'000U);
  pair.server.reading = true;
  pair.run(3min);
  ASSERT_EQ(pair.server.messages.size(), 20U);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(pair.server.messages[static_cast<std::size_t>(i)].text, numbered(i, 1'000));
}

TEST(AssociationData, AWindowThatOpensAgainIsAdvertisedImmediately) {
  EndpointConfig small = accepting();
  small.receive_window = 4'000;
  EndpointPair pair({}, small);
  pair.connect();
  pair.server.reading = false;
  for (int i = 0; i < 8; ++i) pair.send(pair.client, numbered(i, 1'000));
  pair.run(30s);
  pair.server.reading = true;
  const Timestamp next_probe = pair.client.endpoint.next_timeout();
  pair.run(1s);
  EXPECT_GT(next_probe, pair.now) << "otherwise this test shows nothing";
  EXPECT_EQ(pair.server.messages.size(), 8U) << "without waiting for the next probe";
}

TEST(AssociationData, AFullSendBufferBlocksAndReportsWhenItIsWritable) {
  EndpointConfig config;
  config.send_buffer = 20'000;
  EndpointPair pair(config);
  pair.connect();
  int accepted = 0;
  while (pair.send(pair.client, std::string(1'000, 'x')) == SendResult::ok) ++accepted;
  EXPECT_EQ(accepted, 20);
  EXPECT_EQ(pair.send(pair.client, std::string(1'000, 'x')), SendResult::would_block);
  pair.run(5s);
  EXPECT_EQ(pair.client.count(Event::Kind::writable), 1);
  EXPECT_EQ(pair.send(pair.client, "x"), SendResult::ok);
}

class FalseSackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pair.connect();
    pair.run(1s);
    pair.lost_to_server = [](const Datagram& each) { return test::contains(each, ChunkType::kData); };
    for (int i = 0; i < 3; ++i) pair.send(pair.client, std::string(100, 'x'));
    pair.pick_up();
    pair.deliver_to_server();
  }
  void sack(Tsn cumulative, const std::vector<wire::GapBlock>& gaps = {}) {
    test::ByteVector raw(1'000);
    ByteWriter writer(raw);
    wire::write_sack(writer, {.cumulative_tsn = cumulative, .a_rwnd = 100'000}, gaps, {});
    pair.to_client(pair.from_server().raw(writer.written()).take());
  }
  [[nodiscard]] Tsn last_tsn() const { return Tsn{pair.client_tsn.value() - 1}; }
  void expect_recovery() {
    EXPECT_EQ(pair.client_status().queued_bytes, 300U);
    pair.lost_to_server = {};
    pair.run(10s);
    EXPECT_EQ(pair.server.messages.size(), 3U);
    EXPECT_TRUE(pair.both_up());
  }
  EndpointPair pair;
};

TEST_F(FalseSackTest, AnOptimisticAcknowledgementIsRefused) {
  sack(last_tsn() + 50);
  EXPECT_EQ(pair.client.drops(DropReason::invalid_sack), 1U);
  expect_recovery();
}

TEST_F(FalseSackTest, GapsBeyondWhatWasSentAreRefused) {
  sack(last_tsn(), {{2, 40'000}});
  sack(last_tsn(), {{3, 2}});
  sack(last_tsn(), {{0, 1}});
  EXPECT_EQ(pair.client.drops(DropReason::invalid_sack), 3U);
  expect_recovery();
}

TEST_F(FalseSackTest, AnAcknowledgementFromTheOtherHalfOfTheNumberSpaceIsStale) {
  sack(Tsn{last_tsn().value() - 1'000});
  EXPECT_EQ(pair.client.drops(DropReason::stale_sack), 1U);
  expect_recovery();
}

TEST_F(FalseSackTest, ATruncatedSackIsMalformed) {
  constexpr std::byte kCut[] = {std::byte{3}, std::byte{0}, std::byte{0}, std::byte{8},
                                std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}};
  pair.to_client(pair.from_server().raw(kCut).take());
  EXPECT_EQ(pair.client.drops(DropReason::malformed_chunk), 1U);
  expect_recovery();
}

TEST(AssociationData, AnNrSackThatWasNotNegotiatedIsIgnored) {
  EndpointConfig plain;
  plain.nr_sack = false;
  EndpointPair pair(plain);
  pair.connect();
  pair.run(1s);
  pair.lost_to_server = [](const Datagram& each) { return test::contains(each, ChunkType::kData); };
  pair.send(pair.client, "x");
  pair.pick_up();
  pair.deliver_to_server();
  test::ByteVector raw(100);
  ByteWriter writer(raw);
  wire::write_nr_sack(writer, {.cumulative_tsn = pair.client_tsn, .a_rwnd = 100'000}, {}, {}, {});
  pair.to_client(pair.from_server().raw(writer.written()).take());
  EXPECT_EQ(pair.client.drops(DropReason::unexpected_chunk), 1U);
  EXPECT_EQ(pair.client_status().queued_bytes, 1U);
}

TEST(AssociationData, ADuplicateIsReportedAndNotDeliveredTwice) {
  EndpointPair pair;
  pair.connect();
  constexpr std::byte kText[] = {std::byte{'x'}};
  const wire::DataChunk data{
      .immediate = true, .begin = true, .end = true, .tsn = pair.client_tsn, .payload = kText};
  pair.to_server(pair.from_client().add(data).take());
  const auto answer = pair.to_server(pair.from_client().add(data).take());
  EXPECT_EQ(pair.server.messages.size(), 1U);
  const Datagram* datagram = test::find_with(answer, ChunkType::kNrSack);
  ASSERT_NE(datagram, nullptr);
  const auto sack = wire::NrSackChunk::parse(*test::find_chunk(datagram->bytes, ChunkType::kNrSack));
  ASSERT_EQ(sack->duplicates.size(), 1U);
  EXPECT_EQ(sack->duplicates[0], pair.client_tsn);
}

TEST(AssociationData, ABlackHoleEndsTheAssociationAtItsErrorLimit) {
  EndpointPair pair;
  pair.connect();
  pair.run(1s);
  pair.lost_to_server = [](const Datagram&) { return true; };
  pair.send(pair.client, "anybody there?");
  pair.run(3h);
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 1);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever);
  EXPECT_EQ(pair.client.pool.in_use(), 0U);
}

TEST(AssociationData, PacketsNeverExceedThePathMtu) {
  EndpointConfig config = accepting();
  config.path_mtu = 600;
  EndpointPair pair(config, config);
  pair.connect();
  pair.add_path(2);
  for (int i = 0; i < 20; ++i) pair.send(pair.client, std::string(3'000, 'x'));
  pair.run(10s);
  EXPECT_EQ(pair.server.messages.size(), 20U);
  for (const auto* party : {&pair.client, &pair.server}) {
    for (const Datagram& each : party->sent) EXPECT_LE(each.bytes.size(), 600U - 28U);
  }
}

}  // namespace
}  // namespace hawser::sctp::association
