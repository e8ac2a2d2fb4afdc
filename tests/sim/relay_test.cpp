// A relay next to an uplink delivers a copy of every packet before the packet itself, each time from another
// port, so that the originals count as replays: the path carries on, and the bounds on candidates, path ids
// and rekeys hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

using sctp::DropReason;

/// Whose packets a relay copies.
enum class Victim : std::uint8_t { edge, hub };

/// The relay. It has no key; it cannot drop packets, only overtake them.
class Relay {
 public:
  /// What it does with packets to its own ports.
  enum class Manner : std::uint8_t { absorb, forward };

  Relay(Bond& bond, std::size_t uplink, Victim victim, Manner manner)
      : bond_(bond), access_(bond.edge().access(uplink)), manner_(manner) {
    access_.on_path = [this, victim](bool outward, const SimDatagram& datagram) {
      if (outward == (victim == Victim::edge) && active_) copy(datagram);
      return false;
    };
    bond.world().own(kHome, [this](SimDatagram&& datagram) { on_arrival(std::move(datagram)); });
  }
  void stop() { active_ = false; }

  [[nodiscard]] std::uint64_t copies() const { return copies_; }
  [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }    ///< of the copies
  [[nodiscard]] std::uint64_t bytes_out() const { return bytes_out_; }  ///< to its own addresses

 private:
  static inline const IpAddress kHome = IpAddress::v4(0xC000'0242);

  // From another port each time. A relay that forwards keeps a port for half a second, so that answers to
  // HEARTBEATs pass there as well.
  [[nodiscard]] UdpAddress next_source() {
    const Timestamp now = bond_.world().now();
    if (manner_ == Manner::absorb || now - port_since_ >= 500ms) {
      port_ = port_ == 65'535 ? 1'024 : port_ + 1;
      port_since_ = now;
    }
    return {kHome, static_cast<std::uint16_t>(port_)};
  }
  void copy(const SimDatagram& datagram) {
    if (!is_sealed(datagram.payload)) return;
    near_ = datagram.source;
    far_ = datagram.destination;
    SimDatagram copied = datagram;
    copied.source = next_source();
    ++copies_;
    bytes_in_ += copied.payload.size();
    bond_.world().inject(std::move(copied));
  }
  void on_arrival(SimDatagram&& datagram) {
    bytes_out_ += datagram.payload.size();
    if (manner_ == Manner::absorb || !active_) return;
    datagram.source = far_;
    datagram.destination = near_;
    bond_.world().inject(std::move(datagram));
  }

  Bond& bond_;
  Access& access_;
  Manner manner_;
  bool active_ = true;
  unsigned port_ = 1'023;
  Timestamp port_since_{};
  UdpAddress near_;  ///< whose packets it copies, as seen outside
  UdpAddress far_;
  std::uint64_t copies_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

/// What the users of the association send.
enum class Load : std::uint8_t { none, little, full };

struct RelayCase {
  const char* name;
  std::size_t uplinks;
  Load load;
  Victim victim;
  Relay::Manner manner;
};

/// Fixture with the timers and key limits of the daemon, and a relay at the first uplink.
class Relays : public Scenario, public ::testing::WithParamInterface<RelayCase> {
 protected:
  // Each copy costs the simulator time; under load there are hundreds per second.
  static constexpr Duration kQuietTime = 6min;
  static constexpr Duration kLoadedTime = 1min;
  static constexpr std::size_t kBurst = 32;  // of candidates; then one each second

  void SetUp() override {
    sealed_ = true;
    UplinkSpec each = uplink(4, 20ms);
    if (GetParam().victim == Victim::hub) each.nat.reset();  // a NAT would not let the copies in
    BondSpec spec = bond_of(std::vector<UplinkSpec>(GetParam().uplinks, each));
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.edge_options.wildcard_local = true;
    spec.least_rekey_interval = 10s;
    if (GetParam().load == Load::none) spec.rekey_after = 40s;  // by age, as few ids are used
    bond = &make(spec);
    bond->world().on_sent([this](const Host& host, const SimDatagram& datagram) {
      if (&host == &bond->hub()) note_path_id(datagram);
    });
    send();
    ASSERT_TRUE(bond->establish());
    ASSERT_TRUE(GetParam().uplinks == 1 || bond->add_all_paths());
    bond->run_for(3s);
  }

  void send() {
    if (GetParam().load == Load::full) {
      bond->edge_app().flood(1'200, 4);
      bond->hub_app().flood(1'200, 4);
    } else if (GetParam().load == Load::little) {
      for (Duration at{}; at < kQuietTime + 60s; at += 100ms) {
        bond->edge_app().plan({at, sctp::StreamId{1}, false, 100});
        bond->hub_app().plan({at + 50ms, sctp::StreamId{1}, false, 100});
      }
    }
  }
  void note_path_id(const SimDatagram& datagram) {
    PacketView view;
    view.parse(datagram.payload);
    if (const auto record = record_of(view)) path_ids[record->epoch].insert(record->path_id);
  }
  [[nodiscard]] std::size_t all_ids() const {
    std::size_t sum = 0;
    for (const auto& [epoch, ids] : path_ids) sum += ids.size();
    return sum;
  }
  [[nodiscard]] std::size_t most_ids() const {
    std::size_t most = 0;
    for (const auto& [epoch, ids] : path_ids) most = std::max(most, ids.size());
    return most;
  }
  [[nodiscard]] std::size_t hub_paths() {
    return bond->hub().endpoint().status(bond->hub_id())->paths.size();
  }
  [[nodiscard]] std::uint64_t handshakes() {
    return bond->hub().endpoint().status(bond->hub_id())->protection->handshakes;
  }
  [[nodiscard]] std::size_t downs() const {
    return Bond::count(bond->hub_events(), Kind::path_down) +
           Bond::count(bond->edge_events(), Kind::path_down);
  }
  /// Runs for `time`; returns the goodput in bit/s of both directions together.
  double run(Duration time) {
    const std::uint64_t before = bond->up_ledger().bytes_arrived() + bond->down_ledger().bytes_arrived();
    for (Duration passed{}; passed < time; passed += 100ms) {
      bond->run_for(100ms);
      most_paths = std::max(most_paths, hub_paths());
    }
    const std::uint64_t after = bond->up_ledger().bytes_arrived() + bond->down_ledger().bytes_arrived();
    return 8.0 * static_cast<double>(after - before) / std::chrono::duration<double>(time).count();
  }
  void expect_bounds(Duration time, const Relay& relay) {
    const auto seconds =
        static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
    if (GetParam().load != Load::none && GetParam().victim == Victim::edge) {
      EXPECT_GT(relay.copies(), 1'000U);
      EXPECT_GE(all_ids(), seconds) << "each candidate has used one";
      EXPECT_LE(handshakes(), 1 + all_ids() / 192) << "keys are renewed after 192 of 256 ids";
    }
    EXPECT_LE(all_ids(), kBurst + seconds + 5 * (GetParam().uplinks + handshakes()));
    EXPECT_LT(most_ids(), 200U);
    EXPECT_LE(most_paths, 2 * GetParam().uplinks) << "one candidate for each path";
    EXPECT_LE(relay.bytes_out(), 3 * relay.bytes_in());
  }

  Bond* bond = nullptr;
  std::size_t most_paths = 0;                       ///< of the hub at any time
  std::map<unsigned, std::set<unsigned>> path_ids;  ///< of the hub's records, by epoch
};

INSTANTIATE_TEST_SUITE_P(
    Cases, Relays,
    ::testing::Values(RelayCase{"OneIdle", 1, Load::none, Victim::edge, Relay::Manner::absorb},
                      RelayCase{"OneQuiet", 1, Load::little, Victim::edge, Relay::Manner::absorb},
                      RelayCase{"OneLoaded", 1, Load::full, Victim::edge, Relay::Manner::absorb},
                      RelayCase{"OneOfTwoQuiet", 2, Load::little, Victim::edge, Relay::Manner::absorb},
                      RelayCase{"OneOfTwoLoaded", 2, Load::full, Victim::edge, Relay::Manner::absorb},
                      RelayCase{"OneQuietForwarded", 1, Load::little, Victim::edge, Relay::Manner::forward},
                      RelayCase{"OneOfTwoQuietForwarded", 2, Load::little, Victim::edge,
                                Relay::Manner::forward},
                      RelayCase{"OfTheHubOneIdle", 1, Load::none, Victim::hub, Relay::Manner::absorb},
                      RelayCase{"OfTheHubOneOfTwoQuiet", 2, Load::little, Victim::hub, Relay::Manner::absorb},
                      RelayCase{"OfTheHubOneOfTwoLoaded", 2, Load::full, Victim::hub, Relay::Manner::absorb}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_P(Relays, UseUpNeitherPathIdsNorRekeysAndDoNotDisturbThePath) {
  const Duration time = GetParam().load == Load::full ? kLoadedTime : kQuietTime;
  const double goodput = run(20s);
  const std::size_t downs_before = downs();
  bond->edge_app().reset_gap();
  bond->hub_app().reset_gap();
  Relay relay(*bond, 0, GetParam().victim, GetParam().manner);
  // Copies of the hub's packets take half of one of the four directions.
  EXPECT_GE(run(time), (GetParam().victim == Victim::hub ? 0.875 : 1) * 0.9 * goodput);
  EXPECT_LE(bond->edge_app().longest_gap(), 400ms);
  EXPECT_LE(bond->hub_app().longest_gap(), 400ms);
  // A relay that forwards becomes a part of the path, which moves again and again.
  if (GetParam().manner == Relay::Manner::absorb) {
    EXPECT_EQ(downs(), downs_before);
  }
  expect_bounds(time, relay);

  relay.stop();
  if (GetParam().victim == Victim::hub) return;
  bond->nat(0).rebind_ports();
  bond->edge().probe_path(bond->edge_id(), bond->edge_path(0)->id);
  EXPECT_TRUE(bond->run_until(3s, [&] { return bond->path_active(0); })) << "the path follows its NAT again";
}

}  // namespace
}  // namespace hawser::sim
