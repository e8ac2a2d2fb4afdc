// Handshakes and rekeys while an observer injects packets, or while the network fails at the worst moment.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

using sctp::DropReason;

/// An observer between NAT and core, without any key. Whatever it injects arrives before the packet that it
/// has just seen. Owns nothing; knows the TSNs of the handshake in progress.
class Observer {
 public:
  explicit Observer(Bond& bond) : world_(bond.world()) {
    bond.edge().access(0).on_path = [this](bool outward, const SimDatagram& datagram) {
      on_packet(outward, datagram);
      return false;
    };
  }
  [[nodiscard]] std::uint64_t injected() const { return injected_; }

 private:
  void on_packet(bool outward, const SimDatagram& datagram) {
    if (is_sealed(datagram.payload)) return;
    view_.parse(datagram.payload);
    if (view_.has(ChunkType::init)) {
      edge_tsn_ = initial_tsn(ChunkType::init);
    } else if (view_.has(ChunkType::init_ack)) {
      hub_tsn_ = initial_tsn(ChunkType::init_ack);
      inject(datagram, forged_init_ack(datagram));
    } else {
      // The next TSN of the sender: the packet of this one, or the one after it.
      for (std::uint32_t ahead = 0; ahead < 3; ++ahead)
        inject(datagram, forged_data((outward ? edge_tsn_ : hub_tsn_) + ahead));
    }
  }
  [[nodiscard]] std::uint32_t initial_tsn(ChunkType type) const {
    return load_be<std::uint32_t>(view_.find(type)->value.data() + 12);
  }
  // Another initiate tag: the COOKIE ECHO would go to an association that does not exist.
  static std::vector<std::byte> forged_init_ack(const SimDatagram& genuine) {
    std::vector<std::byte> packet = genuine.payload;
    packet[16] ^= std::byte{1};
    fix_checksum(packet);
    return packet;
  }
  // A TLS record that is none, which would make TLS fail.
  std::vector<std::byte> forged_data(std::uint32_t tsn) const {
    std::vector<std::byte> value(12 + 40, std::byte{0x5a});
    ByteWriter writer(value);
    writer.u32(tsn);
    writer.u32(0);  // stream and SSN
    writer.u32(0x4857'0002);
    writer.u8(0);  // epoch
    return PacketBuilder(view_.source_port, view_.destination_port, view_.tag)
        .chunk(ChunkType::data, 3, value)
        .chunk(ChunkType::handshake_mac, 0, std::vector<std::byte>(16, std::byte{0xa5}))
        .build();
  }
  void inject(const SimDatagram& beside, std::vector<std::byte> payload) {
    ++injected_;
    SimDatagram datagram = beside;
    datagram.payload = std::move(payload);
    world_.inject(std::move(datagram));
  }

  World& world_;
  PacketView view_;
  std::uint32_t edge_tsn_ = 0;
  std::uint32_t hub_tsn_ = 0;
  std::uint64_t injected_ = 0;
};

class ObservedHandshakes : public Scenario {};

TEST_F(ObservedHandshakes, ComeUpInTheUsualTimeWhateverIsInjected) {
  for (const bool preshared_key : {false, true}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      BondSpec spec = bond_of({uplink(20, 20ms)}, seed);
      spec.sealed = true;
      spec.preshared_key = preshared_key;
      Bond bond(spec);
      Observer observer(bond);
      ASSERT_TRUE(bond.establish(0, 170ms)) << "three round trips of 40 ms, and queues";
      EXPECT_GE(observer.injected(), 4U);
      EXPECT_EQ(Bond::count(bond.edge_events(), Kind::lost), 0U);
      EXPECT_GE(bond.edge().endpoint().drops().of(DropReason::bad_handshake_mac), 2U);
      EXPECT_GE(bond.hub().endpoint().drops().of(DropReason::bad_handshake_mac), 1U);
    }
  }
}

// --- rekey

class InterruptedRekeys : public Scenario {};

TEST_F(InterruptedRekeys, AreSurvivedWhenTheHubAloneHasChangedKeysAndTheNatMappingIsGone) {
  BondSpec spec = bond_of({uplink(20, 20ms)});
  spec.sealed = true;
  spec.rekey_after = 5s;
  like_a_tunnel(spec.edge);
  like_a_tunnel(spec.hub);
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  bool cut = false;
  bond.edge().access(0).on_path = [&](bool outward, const SimDatagram& datagram) {
    PacketView view;
    view.parse(datagram.payload);
    const auto record = record_of(view);
    cut |= !outward && record && record->epoch == 1;  // the hub seals with the new keys
    return cut;
  };
  ASSERT_TRUE(bond.run_until(20s, [&] { return cut; }));
  bond.nat(0).rebind_ports();
  bond.run_for(40s);
  EXPECT_EQ(bond.hub().endpoint().status(bond.hub_id())->protection->epoch, 1);
  EXPECT_EQ(bond.edge().endpoint().status(bond.edge_id())->protection->epoch, 0);
  bond.edge().access(0).on_path = nullptr;
  EXPECT_TRUE(bond.run_until(5s, [&] {
    return bond.edge().endpoint().status(bond.edge_id())->protection->epoch == 1 && bond.path_active(0);
  })) << "the edge has the new keys as well";
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::lost), 0U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::accepted), 1U) << "the same association";
  bond.edge_app().flood(1200, 4);
  EXPECT_GT(bond.measure(bond.up_ledger(), 2s), 1e6) << "data flows again";
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
