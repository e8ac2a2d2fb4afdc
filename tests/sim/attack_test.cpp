// Forged, replayed and spoofed datagrams: no path changes, no association ends, no answer exceeds its limit.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

using sctp::DropReason;

/// An attacker off the path. It records what the hosts send (so it can replay datagrams and knows tags),
/// sends from any address, and counts the answers to its own.
struct Attacker {
  explicit Attacker(Bond& bond) : world(bond.world()) {
    world.on_sent([this](const Host& host, const SimDatagram& datagram) {
      if (mine(datagram.destination)) {
        ++answers;
        answer_bytes += datagram.payload.size();
      }
      PacketView view;
      view.parse(datagram.payload);
      for (const ChunkView& chunk : view.chunks) recorded[host.name()][chunk.type] = datagram;
      if (!view.has(ChunkType::init)) tags[host.name()] = view.tag;
    });
  }
  static bool mine(const UdpAddress& address) { return address.ip == *IpAddress::parse("192.0.2.66"); }
  static UdpAddress home() { return *UdpAddress::parse("192.0.2.66:6666"); }

  void inject(const UdpAddress& from, const UdpAddress& to, std::vector<std::byte> payload) {
    ++sent;
    sent_bytes += payload.size();
    SimDatagram datagram;
    datagram.source = from;
    datagram.destination = to;
    datagram.payload = std::move(payload);
    world.inject(std::move(datagram));
  }
  /// Sends the last datagram of `host` with a chunk of this type again, from `from`.
  void replay(const std::string& host, ChunkType type, const UdpAddress& from, const UdpAddress& to) {
    ASSERT_TRUE(recorded[host].contains(type)) << to_string(type);
    inject(from, to, recorded[host][type].payload);
  }

  World& world;
  std::map<std::string, std::map<ChunkType, SimDatagram>> recorded;
  std::map<std::string, std::uint32_t> tags;  ///< by sender: the tag of its packets
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t answers = 0;
  std::uint64_t answer_bytes = 0;
};

/// Fixture: two loaded paths, and the attacker.
class Attacks : public Scenario {
 protected:
  void SetUp() override {
    bond = &make(bond_of({uplink(20, 20ms), uplink(20, 20ms)}));
    attacker = std::make_unique<Attacker>(*bond);
    bond->edge_app().flood(1200, 4);
    bond->hub_app().flood(1200, 4);
    ASSERT_TRUE(bond->establish());
    ASSERT_TRUE(bond->add_all_paths());
    bond->run_for(1s);
    before = remotes();
  }

  [[nodiscard]] std::vector<std::string> remotes() {
    std::vector<std::string> list;
    for (Host* host : {&bond->edge(), &bond->hub()}) {
      const auto id = host == &bond->edge() ? bond->edge_id() : bond->hub_id();
      if (const auto status = host->endpoint().status(id)) {
        for (const auto& path : status->paths) {
          list.push_back(host->name() + " " + std::to_string(path.id.value()) + " " +
                         path.route.remote.to_string() + " " + std::string(to_string(path.state)));
        }
      }
    }
    return list;
  }

  /// Expects that the attack has changed nothing: paths, associations, rates.
  void expect_unmoved() {
    bond->run_for(1s);
    EXPECT_EQ(remotes(), before);
    EXPECT_EQ(bond->edge().endpoint().association_count(), 1U);
    EXPECT_EQ(bond->hub().endpoint().association_count(), 1U);
    EXPECT_LE(attacker->answer_bytes, 3 * attacker->sent_bytes);
    EXPECT_LE(attacker->answers, attacker->sent);
    EXPECT_GT(bond->measure(bond->up_ledger(), 2s), kBidirectionalShare * 40e6);
    EXPECT_GT(bond->measure(bond->down_ledger(), 2s), kBidirectionalShare * 40e6);
    expect_clean_end();
  }

  [[nodiscard]] UdpAddress hub() { return bond->hub_address(0); }
  /// The transport address at which the hub sees the edge's uplink.
  [[nodiscard]] UdpAddress edge_outside(std::size_t link) {
    return *bond->nat(link).mapping(bond->edge().access(link).local);
  }
  [[nodiscard]] std::uint64_t hub_drops(DropReason reason) {
    return bond->hub().endpoint().drops().of(reason);
  }
  [[nodiscard]] static UdpAddress other_port(UdpAddress address) {
    address.port = static_cast<std::uint16_t>(address.port == 40'000 ? 40'001 : 40'000);
    return address;
  }

  /// One packet, with this tag, of every kind that could end an association or move a path.
  [[nodiscard]] std::vector<std::vector<std::byte>> one_of_each(std::uint32_t tag) const {
    std::vector<std::byte> value(64);
    SimRandom random(5);
    random.fill(value);
    store_be(value.data(), std::uint16_t{1});  // a plausible parameter or cause header
    store_be(value.data() + 2, std::uint16_t{64});
    std::vector<std::vector<std::byte>> packets;
    for (const ChunkType type :
         {ChunkType::data, ChunkType::init_ack, ChunkType::sack, ChunkType::nr_sack, ChunkType::heartbeat,
          ChunkType::heartbeat_ack, ChunkType::abort, ChunkType::shutdown, ChunkType::shutdown_ack,
          ChunkType::error, ChunkType::cookie_echo, ChunkType::cookie_ack, ChunkType::shutdown_complete,
          ChunkType::auth, ChunkType::asconf, ChunkType::asconf_ack, ChunkType::forward_tsn,
          ChunkType::reconfig, ChunkType::i_data}) {
      for (const std::uint8_t flags : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{3}}) {
        packets.push_back(PacketBuilder(9899, 9899, tag).chunk(type, flags, value).build());
        packets.push_back(PacketBuilder(9899, 9899, tag).chunk(type, flags, Bytes(value).first(4)).build());
        packets.push_back(PacketBuilder(9899, 9899, tag).chunk(type, flags, {}).build());
      }
    }
    return packets;
  }

  Bond* bond = nullptr;
  std::unique_ptr<Attacker> attacker;
  std::vector<std::string> before;
};

TEST_F(Attacks, WithAWrongTagFromThePathsOwnAddressDoNothing) {
  for (const auto& packet : one_of_each(attacker->tags["edge"] ^ 0x1000'0000))
    attacker->inject(edge_outside(0), hub(), packet);
  for (const auto& packet : one_of_each(attacker->tags["hub"] ^ 1))
    attacker->inject(hub(), edge_outside(0), packet);
  bond->run_for(1s);
  EXPECT_GT(hub_drops(DropReason::bad_verification_tag) + hub_drops(DropReason::out_of_the_blue), 50U);
  expect_unmoved();
}

TEST_F(Attacks, WithAWrongTagFromElsewhereDoNothing) {
  for (const auto& packet : one_of_each(0x1234'5678)) attacker->inject(Attacker::home(), hub(), packet);
  bond->run_for(1s);
  expect_unmoved();
}

TEST_F(Attacks, WithTheReflectedTagDoNothingWithoutTheTBit) {
  // RFC 9260 §8.5.1: an ABORT or SHUTDOWN COMPLETE is valid with the reflected tag only if the T bit is set,
  // and with the receiver's own tag only if it is clear.
  const auto hub_sends = attacker->tags["hub"];
  const auto edge_sends = attacker->tags["edge"];
  for (const ChunkType type : {ChunkType::abort, ChunkType::shutdown_complete}) {
    attacker->inject(edge_outside(0), hub(), PacketBuilder(9899, 9899, hub_sends).chunk(type, 0, {}).build());
    attacker->inject(edge_outside(0), hub(),
                     PacketBuilder(9899, 9899, edge_sends).chunk(type, 1, {}).build());
  }
  expect_unmoved();
}

TEST_F(Attacks, WithABadChecksumFromAnotherPortMoveNothing) {
  // The right tag from the right address, but from another port: following it would redirect acknowledgements
  // (RFC 6951 §5.4).
  const UdpAddress from = other_port(edge_outside(0));
  for (int i = 0; i < 50; ++i) {
    auto packet = attacker->recorded["edge"][ChunkType::data].payload;
    packet[9] ^= std::byte{0x40};
    attacker->inject(from, hub(), std::move(packet));
    bond->run_for(10ms);
  }
  std::uint64_t to_thief = 0;
  bond->world().on_sent(
      [&](const Host&, const SimDatagram& datagram) { to_thief += datagram.destination == from ? 1U : 0U; });
  EXPECT_GE(hub_drops(DropReason::bad_checksum), 50U);
  expect_unmoved();
  EXPECT_EQ(to_thief, 0U);
}

TEST_F(Attacks, WithABadTagFromAnotherPortMoveNothing) {
  const UdpAddress from = other_port(edge_outside(0));
  std::uint64_t data_to_thief = 0;
  bond->world().on_sent([&](const Host&, const SimDatagram& datagram) {
    PacketView view;
    view.parse(datagram.payload);
    if (datagram.destination == from &&
        (view.has(ChunkType::sack) || view.has(ChunkType::nr_sack) || view.has(ChunkType::data))) {
      ++data_to_thief;
    }
  });
  for (int i = 0; i < 50; ++i) {
    auto packet = attacker->recorded["edge"][ChunkType::data].payload;
    packet[4] ^= std::byte{0x40};
    fix_checksum(packet);
    attacker->inject(from, hub(), std::move(packet));
    bond->run_for(10ms);
  }
  expect_unmoved();
  EXPECT_EQ(data_to_thief, 0U);
}

TEST_F(Attacks, ByReplaysOfAnythingFromAnotherPortOrAddressMoveNothing) {
  // An attacker can send a recorded packet again from any address. Neither data nor acknowledgements may
  // follow it there.
  bond->run_for(25s);  // the recording then includes HEARTBEATs of idle moments
  const auto recorded = attacker->recorded["edge"];
  bond->run_for(1s);  // the originals have arrived
  before = remotes();
  for (const auto& [type, datagram] : recorded) {
    if (type == ChunkType::init || type == ChunkType::cookie_echo) continue;  // covered by tests below
    SCOPED_TRACE(to_string(type));
    for (int i = 0; i < 3; ++i) {
      attacker->inject(other_port(edge_outside(0)), hub(), datagram.payload);
      attacker->inject(other_port(edge_outside(1)), hub(), datagram.payload);
      attacker->inject(Attacker::home(), hub(), datagram.payload);
      bond->run_for(20ms);
    }
    bond->run_for(500ms);
    EXPECT_EQ(remotes(), before);
  }
  EXPECT_GE(recorded.size(), 5U);
  expect_unmoved();
}

TEST_F(Attacks, ByReplayedAsconfFromElsewhereAddNoPath) {
  for (int i = 0; i < 20; ++i) attacker->replay("edge", ChunkType::asconf, Attacker::home(), hub());
  expect_unmoved();
}

TEST_F(Attacks, ByReplayedAsconfAckChangeNothing) {
  for (int i = 0; i < 20; ++i) attacker->replay("hub", ChunkType::asconf_ack, hub(), edge_outside(0));
  expect_unmoved();
}

TEST_F(Attacks, ByReplayedInitFromElsewhereChangeNothingAndAreAnsweredSmall) {
  for (int i = 0; i < 20; ++i) attacker->replay("edge", ChunkType::init, Attacker::home(), hub());
  expect_unmoved();
}

TEST_F(Attacks, ByReplayedInitFromThePathsOwnAddressDoNotDisturb) {
  for (int i = 0; i < 20; ++i) attacker->replay("edge", ChunkType::init, edge_outside(0), hub());
  expect_unmoved();
}

TEST_F(Attacks, ByReplayedCookieFromElsewhereMakeNoSecondAssociation) {
  for (int i = 0; i < 20; ++i) attacker->replay("edge", ChunkType::cookie_echo, Attacker::home(), hub());
  expect_unmoved();
}

TEST_F(Attacks, ByReplayedHandshakeFromThePathsOwnAddressDoNotRestart) {
  for (int i = 0; i < 5; ++i) {
    attacker->replay("edge", ChunkType::cookie_echo, edge_outside(0), hub());
    attacker->replay("hub", ChunkType::init_ack, hub(), edge_outside(0));
    attacker->replay("hub", ChunkType::cookie_ack, hub(), edge_outside(0));
  }
  expect_unmoved();
  EXPECT_EQ(Bond::count(bond->hub_events(), Kind::restarted), 0U);
}

TEST_F(Attacks, WithAnUnauthenticatedAsconfAddNoPath) {
  // The right tag and serial, no AUTH: a request to add the attacker's address and to make it primary.
  std::vector<std::byte> value(4 + 8 + 16 + 16);
  ByteWriter writer(value);
  ByteReader recorded_asconf(Bytes(attacker->recorded["edge"][ChunkType::asconf].payload).subspan(12));
  std::uint32_t serial = 0;
  PacketView view;
  view.parse(attacker->recorded["edge"][ChunkType::asconf].payload);
  serial = ByteReader(view.find(ChunkType::asconf)->value).u32();
  writer.u32(serial + 1);
  for (const std::uint16_t type : {std::uint16_t{5}, std::uint16_t{0xc001}, std::uint16_t{0xc004}}) {
    writer.u16(type);
    writer.u16(type == 5 ? 8 : 16);
    if (type != 5) writer.u32(type);
    if (type != 5) writer.u16(5);
    if (type != 5) writer.u16(8);
    writer.u32(0);  // the wildcard
  }
  for (int i = 0; i < 10; ++i) {
    attacker->inject(
        Attacker::home(), hub(),
        PacketBuilder(9899, 9899, attacker->tags["edge"]).chunk(ChunkType::asconf, 0, value).build());
  }
  bond->run_for(1s);
  EXPECT_GE(hub_drops(DropReason::unauthenticated_chunk), 10U);
  expect_unmoved();
  EXPECT_EQ(attacker->answers, 0U);
}

TEST_F(Attacks, ByGarbageAreCountedAndUnanswered) {
  SimRandom random(77);
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::byte> garbage(random.below(200));
    random.fill(garbage);
    attacker->inject(Attacker::home(), hub(), std::move(garbage));
    if (i % 100 == 0) bond->run_for(10ms);
  }
  bond->run_for(1s);
  EXPECT_EQ(attacker->answers, 0U);
  EXPECT_GE(hub_drops(DropReason::bad_checksum) + hub_drops(DropReason::truncated_packet), 3000U);
  expect_unmoved();
}

TEST_F(Attacks, ByAFloodOfInitsFromManySourcesKeepNoState) {
  const auto init = attacker->recorded["edge"][ChunkType::init].payload;
  const std::size_t blocks = bond->hub().pool().in_use();
  for (unsigned i = 0; i < 5000; ++i) {
    const UdpAddress from{IpAddress::v4(0x0a63'0000U + i), static_cast<std::uint16_t>(1024 + i)};
    attacker->inject(from, hub(), init);
    if (i % 100 == 0) bond->run_for(1ms);
  }
  bond->run_for(1s);
  EXPECT_EQ(bond->hub().endpoint().association_count(), 1U);
  EXPECT_LT(bond->hub().pool().in_use(), blocks + 4096);
  expect_unmoved();
}

TEST_F(Attacks, OnAnAnswerlessHubWithoutAssociationsAreNotAmplified) {
  Host& idle = bond->world().add_host("idle", tunnel_config());
  const UdpAddress at = *UdpAddress::parse("192.0.2.20:9899");
  bond->world().attach(idle, SocketId(0), at, nullptr, {}, {});
  for (const auto& packet : one_of_each(0x0bad'cafe)) attacker->inject(Attacker::home(), at, packet);
  bond->run_for(1s);
  EXPECT_LE(attacker->answer_bytes, attacker->sent_bytes);
  EXPECT_EQ(idle.endpoint().next_timeout(), kNever);
  EXPECT_EQ(idle.pool().in_use(), 0U);
  expect_unmoved();
}

}  // namespace
}  // namespace hawser::sim
