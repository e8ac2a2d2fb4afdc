// Congestion controls over simulated links, measured in simulated time.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

using sctp::CongestionControl;

constexpr std::size_t kMessage = 1400;

void use(BondSpec& spec, CongestionControl control) {
  for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
    config->congestion = control;
    config->receive_window = 16U << 20;
    config->send_buffer = 16U << 20;
  }
}

/// Fixture with one bond.
class CongestionControls : public Scenario, public ::testing::WithParamInterface<CongestionControl> {};

std::string name_of(const ::testing::TestParamInfo<CongestionControl>& info) {
  return std::string(to_string(info.param));
}
INSTANTIATE_TEST_SUITE_P(Each, CongestionControls,
                         ::testing::Values(CongestionControl::cubic, CongestionControl::new_reno,
                                           CongestionControl::coupled),
                         name_of);

TEST_P(CongestionControls, FillTwoLinksThatAreNotShared) {
  BondSpec spec = bond_of({uplink(50, 20ms), uplink(50, 10ms)}, 31);
  use(spec, GetParam());
  Bond& bond = make(spec);
  bond.edge_app().flood(kMessage, 1, true);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(10s);
  const double rate = bond.measure(bond.up_ledger(), 10s) / 1e6;
  std::printf("%s: %.1f Mbit/s\n", std::string(to_string(GetParam())).c_str(), rate);
  EXPECT_GE(rate, 88);
  expect_clean_end();
}

TEST_P(CongestionControls, CanBeChosenWhileDataIsInFlight) {
  BondSpec spec = bond_of({uplink(50, 20ms)}, 32);
  use(spec, GetParam() == CongestionControl::cubic ? CongestionControl::coupled : CongestionControl::cubic);
  Bond& bond = make(spec);
  bond.edge_app().flood(kMessage, 1, true);
  ASSERT_TRUE(bond.establish());
  bond.run_for(5s);
  const sctp::PathId path = bond.edge_path(0)->id;
  ASSERT_TRUE(bond.edge().endpoint().set_path_congestion(bond.edge_id(), path, GetParam()));
  EXPECT_EQ(bond.edge_path(0)->congestion, GetParam());
  bond.run_for(1s);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 0.88 * 50e6);
  expect_clean_end();
}

TEST_F(Scenario, CubicLosesFewPacketsAtTheEndOfItsFirstSlowStart) {
  std::map<CongestionControl, std::uint64_t> overflowed;
  for (const CongestionControl control : {CongestionControl::new_reno, CongestionControl::cubic}) {
    BondSpec spec = bond_of({uplink(50, 20ms)}, 33);
    use(spec, control);
    Bond& bond = make(spec);
    bond.edge_app().flood(kMessage, 1, true);
    ASSERT_TRUE(bond.establish());
    bond.run_for(2s);
    overflowed[control] = bond.up(0).counters().overflowed;
  }
  EXPECT_GT(overflowed[CongestionControl::new_reno], 100U) << "without an overshoot this test proves nothing";
  EXPECT_LT(overflowed[CongestionControl::cubic], overflowed[CongestionControl::new_reno] / 10);
}

/// One hub behind a bottleneck of 50 Mbit/s, and hosts that send to it as fast as they can.
class SharedBottleneck {
 public:
  explicit SharedBottleneck(std::uint64_t seed) : world_(seed), hub_(world_.add_host("hub", config(true))) {
    LinkConfig bottleneck;
    bottleneck.rate = 50'000'000;
    bottleneck.queue_bytes = 300'000;
    world_.attach(hub_, SocketId(0), kHub, nullptr, {}, bottleneck);
    hub_.on_message = [this](sctp::ReceivedMessage&& message) {
      arrived_[message.association] += message.payload.size();
    };
  }
  /// Adds a host that sends over one path for each of `delays`, and connects it. Returns its number.
  std::size_t add(CongestionControl control, std::initializer_list<Duration> delays) {
    Host& host = world_.add_host("sender", config(false, control));
    const std::size_t number = senders_++;
    std::uint32_t socket = 0;
    for (const Duration delay : delays) {
      LinkConfig link;
      link.delay = delay;
      const UdpAddress local{IpAddress::v4(0xCB00'7100U + 16 * static_cast<std::uint32_t>(number) + socket),
                             9899};
      world_.attach(host, SocketId(socket++), local, nullptr, link, link);
    }
    const std::size_t paths = delays.size();
    host.on_event = [&host, paths](const sctp::Event& event) {
      if (event.kind == Kind::connected) {
        for (std::size_t i = 1; i < paths; ++i) host.add_path(event.association, i, kHub);
      }
      if (event.kind == Kind::connected || event.kind == Kind::writable) flood(host, event.association);
    };
    host.connect(0, kHub);
    return number;
  }
  /// Mbit/s of each sender, in the order in which they connected, over the next `span`.
  std::vector<double> measure(Duration span) {
    const auto before = arrived_;
    world_.events().run_for(span);
    std::vector<double> out;
    for (const auto& [id, bytes] : arrived_) {
      const auto at = before.find(id);
      const std::uint64_t old = at == before.end() ? 0 : at->second;
      out.push_back(static_cast<double>(bytes - old) * 8e-6 / std::chrono::duration<double>(span).count());
    }
    return out;
  }
  World& world() { return world_; }

 private:
  static sctp::EndpointConfig config(bool accept, CongestionControl control = CongestionControl::cubic) {
    sctp::EndpointConfig out = tunnel_config();
    out.accept = accept;
    out.congestion = control;
    out.receive_window = 16U << 20;
    out.send_buffer = 16U << 20;
    return out;
  }
  static void flood(Host& host, sctp::AssociationId id) {
    constexpr std::array<std::byte, kMessage> kContent{};
    sctp::SendOptions options;
    options.unordered = true;
    while (host.send(id, host.pool().copy(kContent), options) == sctp::SendResult::ok) {
    }
  }

  static inline const UdpAddress kHub{IpAddress::v4(0xC633'6401U), 9899};
  World world_;
  Host& hub_;
  std::size_t senders_ = 0;
  std::map<sctp::AssociationId, std::uint64_t> arrived_;
};

// The share that two paths have together beside one path with CUBIC, in the mean over several delays.
double share_beside_cubic(CongestionControl control) {
  double share = 0;
  const std::vector<Duration> delays{10ms, 20ms, 40ms};
  for (const Duration delay : delays) {
    SharedBottleneck network(41);
    network.add(CongestionControl::cubic, {delay});
    network.world().events().run_for(1s);
    network.add(control, {delay, delay + 1ms});
    network.world().events().run_for(9s);
    const std::vector<double> rates = network.measure(30s);
    EXPECT_EQ(rates.size(), 2U);
    if (rates.size() != 2) return 1;
    std::printf("%s, %d ms: %.1f Mbit/s beside %.1f\n", std::string(to_string(control)).c_str(),
                static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(delay).count()),
                rates[1], rates[0]);
    EXPECT_GE(rates[0] + rates[1], 40) << "both together fill the bottleneck";
    share += rates[1] / (rates[0] + rates[1]) / static_cast<double>(delays.size());
  }
  return share;
}

TEST(SharedBottleneckTest, TwoCoupledPathsTakeNoMoreThanSixTenthsBesideOneCubic) {
  const double share = share_beside_cubic(CongestionControl::coupled);
  EXPECT_LE(share, 0.6);
  EXPECT_GE(share, 0.2) << "but they are not starved either";
}

TEST(SharedBottleneckTest, TwoPathsThatActAloneTakeTwoShares) {
  EXPECT_GE(share_beside_cubic(CongestionControl::cubic), 0.58);
}

}  // namespace
}  // namespace hawser::sim
