#include "sctp/path/congestion/policer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPacket = 1000;
constexpr Duration kRoundTrip = 20ms;

/// A path that reports every packet on its own, at the time at which it was to arrive.
struct Traffic {
  Policer policer;
  Timestamp now{10s};
  std::uint64_t delivered = 0;
  double usual = 0;
  unsigned found = 0;
  unsigned exceeded = 0;

  void packet(bool lost) {
    AckSample ack;
    ack.now = now;
    ack.srtt = kRoundTrip;
    if (lost) ack.lost = kPacket;
    if (!lost) ack.acked = kPacket;
    ack.delivered = delivered += ack.acked;
    const auto verdict = policer.on_ack(ack, kPacket, usual);
    if (verdict == Policer::Verdict::found) ++found;
    if (verdict == Policer::Verdict::exceeded) ++exceeded;
  }
  /// One packet per millisecond, of which every `lose`-th is lost; 0: none.
  void send(Duration span, unsigned lose) {
    for (unsigned i = 1; i <= static_cast<unsigned>(span / 1ms); ++i) {
      now += 1ms;
      packet(lose != 0 && i % lose == 0);
    }
  }
  [[nodiscard]] bool holds() const { return policer.holds(now); }
  [[nodiscard]] double rate() const { return policer.rate(); }
};

TEST(Policer, IsFoundByTheLossesAndItsRateIsWhatArrives) {
  Traffic traffic;
  traffic.send(1s, 0);
  EXPECT_FALSE(traffic.holds());
  traffic.send(80ms, 4);
  EXPECT_EQ(traffic.found, 1U);
  EXPECT_TRUE(traffic.holds());
  EXPECT_NEAR(traffic.rate(), 750'000, 50'000);
}

TEST(Policer, IsolatedAndUsualLossesAreNone) {
  Traffic traffic;
  traffic.send(10s, 20);
  EXPECT_EQ(traffic.found, 0U) << "5 %";
  traffic.usual = 0.1;
  traffic.send(10s, 5);
  EXPECT_EQ(traffic.found, 0U) << "20 % where 10 % are usual";
  Traffic rare;
  for (int i = 0; i < 20; ++i) {
    rare.send(5ms, 1);
    rare.send(1s, 0);
  }
  EXPECT_EQ(rare.found, 0U) << "five packets at a time";
}

TEST(Policer, ItsRateIsSoughtUpwardsUntilPacketsAreLost) {
  Traffic traffic;
  traffic.send(80ms, 4);
  ASSERT_TRUE(traffic.holds());
  const double first = traffic.rate();
  for (int i = 0; i < 5; ++i) {
    traffic.send(100ms, 0);
    traffic.policer.on_cycle();
  }
  EXPECT_NEAR(traffic.rate(), 1.1 * first, 0.01 * first);
  traffic.send(90ms, 30);
  EXPECT_EQ(traffic.exceeded, 1U);
  EXPECT_LT(traffic.rate(), 1.06 * first);
  const double corrected = traffic.rate();
  traffic.policer.on_cycle();
  EXPECT_EQ(traffic.rate(), corrected);
}

TEST(Policer, IsTriedAfterLongerAndLongerTimes) {
  Traffic traffic;
  traffic.send(80ms, 4);
  Duration before{};
  for (const Duration expected : {1s, 2s, 4s, 8s, 8s}) {
    ASSERT_TRUE(traffic.holds());
    const Timestamp since = traffic.now;
    while (traffic.holds()) traffic.send(10ms, 0);
    EXPECT_NEAR(static_cast<double>((traffic.now - since) / 1ms), static_cast<double>(expected / 1ms), 60);
    EXPECT_TRUE(traffic.policer.known(traffic.now));
    before = traffic.now - since;
    traffic.send(12ms, 4);  // three packets are enough
  }
  traffic.send(3 * before, 0);
  EXPECT_FALSE(traffic.policer.known(traffic.now)) << "a long time without losses";
}

TEST(Policer, WhatLeftBeforeTheRateWasLoweredDoesNotCount) {
  Traffic traffic;
  while (traffic.found == 0) traffic.send(4ms, 4);
  const double rate = traffic.rate();
  traffic.send(36ms, 2);
  EXPECT_EQ(traffic.exceeded, 0U);
  EXPECT_EQ(traffic.rate(), rate);
}

TEST(Policer, LossesThatDoNotEndAtALowerRateAreNoPolicer) {
  Traffic traffic;
  traffic.send(80ms, 4);
  ASSERT_TRUE(traffic.holds());
  const double first = traffic.rate();
  traffic.send(900ms, 5);
  EXPECT_FALSE(traffic.holds());
  EXPECT_GE(traffic.rate(), 0.55 * first);
  traffic.send(5s, 5);
  EXPECT_FALSE(traffic.holds()) << "it is not taken for one again at once";
}

}  // namespace
}  // namespace hawser::sctp::path
