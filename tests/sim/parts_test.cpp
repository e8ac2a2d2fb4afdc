// Tests of the simulator itself: a simulator with faults proves nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/link.hpp"
#include "sim/nat.hpp"
#include "sim/packet_view.hpp"
#include "sim/sim_random.hpp"
#include "sim/traffic.hpp"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

UdpAddress udp(const char* text) {
  return *UdpAddress::parse(text);
}

SimDatagram datagram(std::size_t size) {
  SimDatagram made;
  made.source = udp("10.0.0.2:9899");
  made.destination = udp("198.51.100.1:9899");
  made.payload.resize(size);
  return made;
}

/// A link whose deliveries are recorded.
struct Rig {
  explicit Rig(const LinkConfig& config, std::uint64_t seed = 7)
      : link(events, config, seed, [this](SimDatagram&& arrived) {
          times.push_back(events.now() - EventQueue::kStart);
          datagrams.push_back(std::move(arrived));
        }) {}
  void send(unsigned count, std::size_t size = 972) {
    for (unsigned i = 0; i < count; ++i) {
      SimDatagram next = datagram(size);
      next.payload[0] = static_cast<std::byte>(i);
      link.send(std::move(next));
    }
  }
  EventQueue events;
  std::vector<Duration> times;
  std::vector<SimDatagram> datagrams;
  Link link;
};

TEST(SimEventQueue, RunsEarliestFirstAndEqualTimesInOrderOfAdding) {
  EventQueue events;
  std::string order;
  events.after(milliseconds(30), [&] { order += 'c'; });
  events.after(milliseconds(10), [&] { order += 'a'; });
  events.after(milliseconds(10), [&] { order += 'b'; });
  events.run_for(milliseconds(20));
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(events.now(), EventQueue::kStart + milliseconds(20));
  events.run_for(milliseconds(20));
  EXPECT_EQ(order, "abc");
}

TEST(SimEventQueue, RunsWhatATaskAddsForNowWithoutGoingBack) {
  EventQueue events;
  std::vector<Timestamp> when;
  events.after(milliseconds(5),
               [&] { events.at(EventQueue::kStart, [&] { when.push_back(events.now()); }); });
  events.run_for(milliseconds(5));
  ASSERT_EQ(when.size(), 1U);
  EXPECT_EQ(when[0], EventQueue::kStart + milliseconds(5));
}

TEST(SimRandomNumbers, RepeatFromTheirSeedAndDifferFromAnother) {
  SimRandom a(1);
  SimRandom b(1);
  SimRandom c(2);
  for (int i = 0; i < 100; ++i) {
    const auto number = a.next();
    EXPECT_EQ(number, b.next());
    EXPECT_NE(number, c.next());
  }
  for (int i = 0; i < 1000; ++i) {
    const auto number = a.between(3, 5);
    EXPECT_TRUE(number >= 3 && number <= 5);
  }
}

TEST(SimLink, SpacesDatagramsByItsRateAndAddsItsDelay) {
  LinkConfig config;
  config.rate = 8'000'000;  // 1000 bytes take 1 ms
  config.delay = milliseconds(20);
  Rig rig(config);
  rig.send(3);
  rig.events.run_for(seconds(1));
  EXPECT_EQ(rig.times, (std::vector<Duration>{milliseconds(21), milliseconds(22), milliseconds(23)}));
}

TEST(SimLink, DropsTheTailOfAFullQueueAndServesAgainWhenItHasDrained) {
  LinkConfig config;
  config.rate = 8'000'000;
  config.queue_bytes = 4000;
  Rig rig(config);
  rig.send(6);
  rig.events.run_for(milliseconds(10));
  EXPECT_EQ(rig.datagrams.size(), 4U);
  EXPECT_EQ(rig.link.counters().overflowed, 2U);
  rig.send(4);
  rig.events.run_for(milliseconds(10));
  EXPECT_EQ(rig.datagrams.size(), 8U);
}

TEST(SimLink, LosesDuplicatesAndDamagesAboutAsOftenAsAsked) {
  LinkConfig config;
  config.loss = 0.1;
  config.duplication = 0.05;
  config.corruption = 0.02;
  Rig rig(config);
  rig.send(20'000);
  rig.events.run_for(seconds(1));
  const LinkCounters& counters = rig.link.counters();
  EXPECT_NEAR(static_cast<double>(counters.lost), 2000, 200);
  EXPECT_NEAR(static_cast<double>(counters.duplicated), 900, 150);
  EXPECT_NEAR(static_cast<double>(counters.damaged), 360, 100);
  EXPECT_EQ(rig.datagrams.size(), 20'000 - counters.lost + counters.duplicated);
}

TEST(SimLink, FlipsOneToThreeBitsWhenItDamages) {
  LinkConfig config;
  config.corruption = 1;
  Rig rig(config);
  for (unsigned i = 0; i < 200; ++i) rig.link.send(datagram(100));
  rig.events.run_for(seconds(1));
  for (const SimDatagram& arrived : rig.datagrams) {
    int flipped = 0;
    for (const std::byte b : arrived.payload) flipped += __builtin_popcount(static_cast<unsigned>(b));
    EXPECT_TRUE(arrived.damaged);
    EXPECT_TRUE(flipped >= 1 && flipped <= 3) << flipped;
  }
}

TEST(SimLink, JitterKeepsTheOrderAndReorderingBreaksIt) {
  LinkConfig config;
  config.delay = milliseconds(5);
  config.jitter = milliseconds(3);
  Rig steady(config);
  steady.send(100);
  steady.events.run_for(seconds(1));
  for (unsigned i = 0; i < 100; ++i) EXPECT_EQ(static_cast<unsigned>(steady.datagrams[i].payload[0]), i);
  EXPECT_LE(steady.times.back(), milliseconds(8));

  config.jitter = {};
  config.reordering = 0.2;
  Rig shuffled(config);
  shuffled.send(100);
  shuffled.events.run_for(seconds(1));
  ASSERT_EQ(shuffled.datagrams.size(), 100U);
  EXPECT_GT(shuffled.link.counters().reordered, 5U);
  EXPECT_EQ(shuffled.times.back(), milliseconds(15));
}

TEST(SimLink, SwallowsEverythingWhileItIsABlackholeAndWhatExceedsItsMtu) {
  LinkConfig config;
  config.mtu = 1000;
  Rig rig(config);
  rig.link.config().blackhole = true;
  rig.send(5);
  rig.link.config().blackhole = false;
  rig.send(1, 972);
  rig.send(1, 973);
  rig.events.run_for(seconds(1));
  EXPECT_EQ(rig.datagrams.size(), 1U);
  EXPECT_EQ(rig.link.counters().too_big, 1U);
}

TEST(SimNat, RewritesThePortAndKeepsOneMappingForAllRemotes) {
  Nat nat({}, *IpAddress::parse("203.0.113.1"), 5);
  const auto inside = udp("10.0.0.2:9899");
  const auto first = nat.outbound({}, inside, udp("198.51.100.1:9899"));
  EXPECT_EQ(first.ip, *IpAddress::parse("203.0.113.1"));
  EXPECT_NE(first.port, inside.port);
  EXPECT_EQ(nat.outbound({}, inside, udp("198.51.100.2:9899")), first);
  EXPECT_EQ(nat.inbound({}, first.port, udp("198.51.100.1:9899")), inside);
}

TEST(SimNat, SeveralInsideHostsShareThePublicAddressOnDifferentPorts) {
  NatConfig config;
  config.random_ports = false;
  Nat nat(config, *IpAddress::parse("203.0.113.1"), 5);
  const auto hub = udp("198.51.100.1:9899");
  const auto one = nat.outbound({}, udp("10.0.0.2:9899"), hub);
  const auto two = nat.outbound({}, udp("10.0.1.2:9899"), hub);
  EXPECT_EQ(one.ip, two.ip);
  EXPECT_EQ(two.port, one.port + 1);
  EXPECT_EQ(nat.inbound({}, two.port, hub), udp("10.0.1.2:9899"));
}

TEST(SimNat, FiltersByWhatTheInsideHasSentTo) {
  const auto inside = udp("10.0.0.2:9899");
  const auto passes = [&](NatFiltering filtering, const char* from) {
    NatConfig config;
    config.filtering = filtering;
    Nat nat(config, *IpAddress::parse("203.0.113.1"), 5);
    const auto outside = nat.outbound({}, inside, udp("198.51.100.1:9899"));
    return nat.inbound({}, outside.port, udp(from)).has_value();
  };
  EXPECT_TRUE(passes(NatFiltering::endpoint_independent, "192.0.2.9:1"));
  EXPECT_FALSE(passes(NatFiltering::address_dependent, "192.0.2.9:1"));
  EXPECT_TRUE(passes(NatFiltering::address_dependent, "198.51.100.1:1"));
  EXPECT_FALSE(passes(NatFiltering::address_port_dependent, "198.51.100.1:1"));
  EXPECT_TRUE(passes(NatFiltering::address_port_dependent, "198.51.100.1:9899"));
}

TEST(SimNat, ForgetsIdleMappingsUnlessTheInsideKeepsSending) {
  NatConfig config;
  config.idle_timeout = seconds(30);
  Nat nat(config, *IpAddress::parse("203.0.113.1"), 5);
  const auto inside = udp("10.0.0.2:9899");
  const auto hub = udp("198.51.100.1:9899");
  const Timestamp start{};
  const auto first = nat.outbound(start, inside, hub);
  EXPECT_EQ(nat.outbound(start + seconds(29), inside, hub), first);
  EXPECT_TRUE(nat.inbound(start + seconds(58), first.port, hub));
  EXPECT_FALSE(nat.inbound(start + seconds(60), first.port, hub)) << "inbound datagrams do not refresh";
  EXPECT_NE(nat.outbound(start + seconds(61), inside, hub), first);
}

TEST(SimNat, RebindingGivesNewPortsAndAddressesAndClosesTheOldOnes) {
  Nat nat({}, *IpAddress::parse("203.0.113.1"), 5);
  const auto inside = udp("10.0.0.2:9899");
  const auto hub = udp("198.51.100.1:9899");
  const auto first = nat.outbound({}, inside, hub);
  nat.rebind_ports();
  EXPECT_FALSE(nat.inbound({}, first.port, hub));
  const auto second = nat.outbound({}, inside, hub);
  EXPECT_EQ(second.ip, first.ip);
  EXPECT_NE(second.port, first.port);
  nat.rebind_address(*IpAddress::parse("203.0.113.77"));
  EXPECT_EQ(nat.outbound({}, inside, hub).ip, *IpAddress::parse("203.0.113.77"));
}

TEST(SimPacketView, ComputesTheCrc32cOfTheKnownCheckString) {
  // The CRC32c of "123456789" is e3069283. Here the string follows a header with a checksum field of zero;
  // the result must agree with a bitwise computation.
  std::vector<std::byte> packet(12 + 9);
  const char* text = "123456789";
  for (std::size_t i = 0; i < 9; ++i) packet[12 + i] = static_cast<std::byte>(text[i]);
  std::uint32_t crc = ~0U;
  for (const std::byte b : packet) {
    crc ^= static_cast<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f6'3b78U : 0U);
  }
  EXPECT_EQ(checksum_of(packet), ~crc);
  EXPECT_FALSE(checksum_ok(packet));
  fix_checksum(packet);
  EXPECT_TRUE(checksum_ok(packet));
  EXPECT_EQ(static_cast<std::uint8_t>(packet[8]), static_cast<std::uint8_t>(~crc))
      << "low byte first on the wire";
}

TEST(SimPacketView, WalksChunksAndRefusesImpossibleLengths) {
  const std::byte three[3] = {};
  std::vector<std::byte> packet = PacketBuilder(9899, 9899, 7)
                                      .chunk(ChunkType::heartbeat, 0, three)
                                      .chunk(ChunkType::cookie_ack, 0, {})
                                      .build();
  PacketView view;
  view.parse(packet);
  EXPECT_TRUE(view.well_formed);
  EXPECT_TRUE(checksum_ok(packet));
  ASSERT_EQ(view.chunks.size(), 2U);
  EXPECT_EQ(view.chunks[0].value.size(), 3U);
  EXPECT_EQ(describe(packet), "tag=00000007 HEARTBEAT(3) COOKIE-ACK");

  packet[15] = std::byte{3};  // chunk length below its header
  view.parse(packet);
  EXPECT_FALSE(view.well_formed);
  packet[15] = std::byte{200};
  view.parse(packet);
  EXPECT_FALSE(view.well_formed);
}

/// A ledger, and messages that count as sent in it.
struct LedgerRig {
  sctp::ReceivedMessage message(std::uint16_t stream, bool unordered, std::size_t size) {
    sctp::ReceivedMessage made;
    made.stream = sctp::StreamId(stream);
    made.unordered = unordered;
    made.ppid = ledger.next_ppid(made.stream, unordered);
    made.payload = ledger.next(pool, made.stream, unordered, size);
    ledger.sent(made.stream, unordered, size);
    return made;
  }
  BufferPool pool;
  MessageLedger ledger{3};
};

TEST(SimMessageLedger, TakesEachMessageOnceAndInOrder) {
  LedgerRig rig;
  const auto first = rig.message(1, false, 10);
  const auto second = rig.message(1, false, 5000);
  const auto loose = rig.message(1, true, 1);
  EXPECT_TRUE(rig.ledger.accept(second)) << "too early";
  EXPECT_FALSE(rig.ledger.accept(first));
  EXPECT_FALSE(rig.ledger.accept(loose));
  EXPECT_FALSE(rig.ledger.accept(second));
  EXPECT_TRUE(rig.ledger.all_arrived());
  EXPECT_TRUE(rig.ledger.accept(first)) << "twice";
  EXPECT_TRUE(rig.ledger.accept(loose)) << "twice";
}

TEST(SimMessageLedger, LetsUnorderedMessagesOvertake) {
  LedgerRig rig;
  const auto first = rig.message(1, true, 10);
  const auto second = rig.message(1, true, 10);
  EXPECT_FALSE(rig.ledger.accept(second));
  EXPECT_FALSE(rig.ledger.all_arrived());
  EXPECT_FALSE(rig.ledger.accept(first));
  EXPECT_TRUE(rig.ledger.all_arrived());
}

TEST(SimMessageLedger, SeesOneWrongByteAWrongSizeAndAWrongStream) {
  LedgerRig rig;
  auto message = rig.message(1, false, 100);
  message.payload.data()[99] ^= std::byte{1};
  EXPECT_TRUE(rig.ledger.accept(message));
  message.payload.data()[99] ^= std::byte{1};
  message.payload.resize(99);
  EXPECT_TRUE(rig.ledger.accept(message));
  message.payload.resize(100);
  message.stream = sctp::StreamId(2);
  EXPECT_TRUE(rig.ledger.accept(message));
  message.stream = sctp::StreamId(1);
  EXPECT_FALSE(rig.ledger.accept(message));
}

TEST(SimMessageLedger, PutsPartsOfAMessageTogether) {
  LedgerRig rig;
  const auto whole = rig.message(1, false, 3000);
  sctp::ReceivedMessage part;
  part.stream = whole.stream;
  part.ppid = whole.ppid;
  part.more = true;
  part.payload = rig.pool.copy(whole.payload.bytes().first(1000));
  EXPECT_FALSE(rig.ledger.accept(part));
  part.more = false;
  part.payload = rig.pool.copy(whole.payload.bytes().subspan(1000));
  EXPECT_FALSE(rig.ledger.accept(part));
  EXPECT_TRUE(rig.ledger.all_arrived());
}

}  // namespace
}  // namespace hawser::sim
