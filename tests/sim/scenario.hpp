#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "sim/bond.hpp"
#include "sim/packet_trace.hpp"
#include "sim/packet_view.hpp"

namespace hawser::sim {

using namespace std::chrono_literals;
using Kind = sctp::Event::Kind;

/// An uplink with the same link in both directions: rate in Mbit/s, one-way delay, a queue of 100 ms.
inline UplinkSpec uplink(double mbit, Duration delay, double loss = 0) {
  LinkConfig link;
  link.rate = static_cast<std::uint64_t>(mbit * 1e6);
  link.delay = delay;
  link.queue_bytes = static_cast<std::size_t>(mbit * 1e6 / 8 / 10);
  link.loss = loss;
  UplinkSpec spec;
  spec.up = link;
  spec.down = link;
  return spec;
}

/// The minimum share of the links' rate that users get while both directions are loaded: headers take 7 %,
/// acknowledgements queue behind data of the other direction, and any two seconds may contain a halving of
/// the window.
inline constexpr double kBidirectionalShare = 0.6;

/// Timers as in a tunnel; the RFC's minimum RTO of one second would hide every fast reaction.
inline sctp::EndpointConfig tunnel_config() {
  sctp::EndpointConfig config;
  config.rto_min = 200ms;
  config.sack_delay = 20ms;
  config.heartbeat_interval = 20s;
  return config;
}

/// Sets everything that the daemon sets (daemon::endpoint_config).
inline void like_a_tunnel(sctp::EndpointConfig& config) {
  config.receive_window = 4U << 20;
  config.receive_window_max = 64U << 20;
  config.send_buffer = 4U << 20;
  config.send_buffer_max = 64U << 20;
  config.rto_min = 150ms;
  config.rto_initial = 500ms;
  config.rto_max = 5s;
  config.sack_delay = 20ms;
  config.heartbeat_interval = 20s;
  config.keepalive_min = 10s;
  config.keepalive_max = 60s;
  config.failed_path_probe_max = 400ms;
  config.max_init_retrans = 6;
  config.init_rto_max = 1250ms;
  config.max_cookie_retrans = 1;
  config.association_max_retrans = 1'000'000;
  config.silence_limit = 15min;
  config.listed_addresses = false;
}

/// A bond with these uplinks and the timers of a tunnel at both ends.
inline BondSpec bond_of(std::vector<UplinkSpec> uplinks, std::uint64_t seed = 1) {
  BondSpec spec;
  spec.seed = seed;
  spec.uplinks = std::move(uplinks);
  spec.edge = tunnel_config();
  spec.hub = tunnel_config();
  return spec;
}

/// Fixture for tests with one bond. Every violation that a checker of the world reports fails the test.
class Scenario : public ::testing::Test {
 protected:
  Bond& make(BondSpec spec) {
    spec.sealed = spec.sealed || sealed_;
    bond_ = std::make_unique<Bond>(spec);
    const bool print = std::getenv("HAWSER_SIM_TRACE") != nullptr;
    bond_->world().trace_to({print ? stderr : nullptr, packet_log_of_process()});
    return *bond_;
  }

  /// Shuts down from the edge and expects that nothing is left at either end.
  void expect_clean_end(Duration limit = 60s) {
    bond_->edge_app().stop();
    bond_->hub_app().stop();
    bond_->edge().shutdown(bond_->edge_id());
    EXPECT_TRUE(bond_->run_until(limit, [this] { return bond_->both_gone(); }))
        << "the shutdown does not end";
    EXPECT_TRUE(bond_->all_arrived())
        << bond_->up_ledger().summary() << " / " << bond_->down_ledger().summary();
    bond_->run_for(120s);
    bond_->check_ended();
  }

  void TearDown() override {
    if (bond_) {
      EXPECT_TRUE(bond_->world().violations().empty()) << bond_->world().violations().text();
    }
  }

  /// Bonds of make() are protected.
  bool sealed_ = false;

 private:
  std::unique_ptr<Bond> bond_;
};

/// A fixture whose tests run twice: in plain mode and in protected mode.
template <class Fixture>
class EitherMode : public Fixture, public ::testing::WithParamInterface<bool> {
 protected:
  EitherMode() { this->sealed_ = this->GetParam(); }
};
/// The name of a mode in test names.
inline std::string mode_name(const ::testing::TestParamInfo<bool>& mode) {
  return mode.param ? "Protected" : "Plain";
}

}  // namespace hawser::sim
