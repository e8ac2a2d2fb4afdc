// Flow control and memory: a receiver that does not read, messages of all sizes, buffers that are returned.
#include <gtest/gtest.h>

#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture for tests of windows.
class Windows : public Scenario {
 protected:
  static BondSpec small_window(std::uint32_t window) {
    BondSpec spec = bond_of({uplink(20, 10ms), uplink(20, 10ms)});
    spec.hub.receive_window = window;
    return spec;
  }
};

TEST_F(Windows, CloseWhenTheReceiverDoesNotReadAndOpenAgain) {
  Bond& bond = make(small_window(64 * 1024));
  for (int i = 0; i < 400; ++i) bond.edge_app().plan({0ms, {}, false, 1000});
  bond.hub().pause_reading(true);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(10s);
  EXPECT_EQ(bond.up_ledger().messages_arrived(), 0U);
  const auto status = bond.hub().endpoint().status(bond.hub_id());
  ASSERT_TRUE(status);
  EXPECT_GT(status->receive_buffered, 32U * 1024);
  EXPECT_LE(status->receive_buffered, 2 * 64U * 1024) << "payload and overhead";

  // During ten minutes of a closed window, a few probes keep the association alive.
  const std::uint64_t sent = bond.edge().datagrams_sent();
  bond.run_for(600s);
  EXPECT_EQ(bond.edge().endpoint().association_count(), 1U);
  EXPECT_GT(bond.edge().datagrams_sent(), sent);
  EXPECT_LT(bond.edge().datagrams_sent(), sent + 2000);
  EXPECT_EQ(bond.up_ledger().messages_arrived(), 0U);

  bond.hub().pause_reading(false);
  EXPECT_TRUE(bond.run_until(5s, [&] { return bond.all_arrived(); })) << bond.up_ledger().summary();
  expect_clean_end();
}

TEST_F(Windows, OpenEvenWhenTheUpdateIsLost) {
  Bond& bond = make(small_window(64 * 1024));
  for (int i = 0; i < 400; ++i) bond.edge_app().plan({0ms, {}, false, 1000});
  bond.hub().pause_reading(true);
  ASSERT_TRUE(bond.establish());
  bond.run_for(10s);
  bond.set_blackhole(0, true);
  bond.hub().pause_reading(false);
  bond.run_for(100ms);
  bond.set_blackhole(0, false);
  EXPECT_TRUE(bond.run_until(100s, [&] { return bond.all_arrived(); }))
      << "the answer to the window probe reports the new window";
  expect_clean_end();
}

TEST_F(Windows, SurviveShutdownWhileTheReceiverDoesNotRead) {
  Bond& bond = make(small_window(64 * 1024));
  for (int i = 0; i < 200; ++i) bond.edge_app().plan({0ms, {}, false, 1000});
  bond.hub().pause_reading(true);
  ASSERT_TRUE(bond.establish());
  bond.run_for(5s);
  bond.edge().shutdown(bond.edge_id());
  bond.run_for(30s);
  EXPECT_EQ(bond.edge().endpoint().association_count(), 1U)
      << "messages accepted for sending are not dropped";
  bond.hub().pause_reading(false);
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.both_gone(); }));
  EXPECT_TRUE(bond.all_arrived()) << bond.up_ledger().summary();
  bond.run_for(60s);
  bond.check_ended();
}

TEST_F(Windows, CountTinyMessagesByMoreThanTheirBytes) {
  Bond& bond = make(small_window(64 * 1024));
  for (int i = 0; i < 60'000; ++i)
    bond.edge_app().plan({0ms, sctp::StreamId(static_cast<std::uint16_t>(i % 4)), i % 2 == 0, 1});
  bond.hub().pause_reading(true);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(20s);
  EXPECT_LT(bond.hub().pool().in_use(), 4096U) << "64 KiB of window must not hold 64 Ki buffers";
  bond.hub().pause_reading(false);
  EXPECT_TRUE(bond.run_until(120s, [&] { return bond.finished_sending() && bond.all_arrived(); }))
      << bond.up_ledger().summary();
  expect_clean_end();
}

TEST_F(Windows, LetMessagesLargerThanTheWindowThroughInParts) {
  Bond& bond = make(small_window(48 * 1024));
  for (int i = 0; i < 6; ++i)
    bond.edge_app().plan({0ms, sctp::StreamId(static_cast<std::uint16_t>(i % 2)), i % 3 == 0, 200'000});
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.finished_sending() && bond.all_arrived(); }))
      << bond.up_ledger().summary();
  expect_clean_end();
}

TEST_F(Windows, CarryEverySizeAroundTheFragmentBoundaries) {
  Bond& bond = make(small_window(1U << 20));
  ASSERT_TRUE(bond.establish());
  bond.run_for(1s);  // until the path is known to carry packets of full size
  const std::size_t whole = bond.edge().endpoint().unfragmented_size(bond.edge_id());
  EXPECT_GT(whole, 1300U);
  EXPECT_LE(whole, 1500U - 20 - 8 - 12 - 16);
  for (std::size_t fragments = 1; fragments <= 4; ++fragments) {
    for (std::size_t size = fragments * whole - 8; size <= fragments * whole + 8; ++size) {
      bond.edge_app().plan({0ms, {}, false, size});
      bond.edge_app().plan({0ms, {}, true, size});
    }
  }
  for (std::size_t size = 1; size < 200; ++size) bond.edge_app().plan({0ms, {}, false, size});
  bond.edge_app().pump();
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.finished_sending() && bond.all_arrived(); }))
      << bond.up_ledger().summary();
  expect_clean_end();
}

TEST_F(Windows, ReportWouldBlockAndThenWritable) {
  BondSpec spec = small_window(1U << 20);
  spec.edge.send_buffer = 100'000;
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  bond.edge_app().flood(10'000, 1);
  EXPECT_EQ(bond.edge_app().last_result(), sctp::SendResult::would_block);
  EXPECT_LT(bond.edge().endpoint().send_space(bond.edge_id()), 10'000U);
  bond.run_for(5s);
  EXPECT_GT(Bond::count(bond.edge_events(), Kind::writable), 10U);
  EXPECT_GT(bond.up_ledger().messages_arrived(), 500U);
  bond.edge_app().stop();
  EXPECT_TRUE(bond.run_until(5s, [&] { return bond.all_arrived(); }));
  bond.run_for(2s);
  EXPECT_EQ(bond.edge().endpoint().send_space(bond.edge_id()), 100'000U);
  expect_clean_end();
}

TEST_F(Windows, RefuseWhatIsNoMessageAndNoStream) {
  Bond& bond = make(small_window(1U << 20));
  ASSERT_TRUE(bond.establish());
  BufferPool& pool = bond.edge().pool();
  sctp::SendOptions options;
  EXPECT_EQ(bond.edge().send(bond.edge_id(), Buffer(), options), sctp::SendResult::invalid_message);
  EXPECT_EQ(bond.edge().send(bond.edge_id(), pool.acquire((16U << 20) + 1), options),
            sctp::SendResult::invalid_message);
  options.stream = sctp::StreamId(64);
  EXPECT_EQ(bond.edge().send(bond.edge_id(), pool.acquire(1), options), sctp::SendResult::invalid_stream);
  EXPECT_EQ(bond.edge().send(sctp::AssociationId(4711), pool.acquire(1), {}), sctp::SendResult::not_open);
  expect_clean_end();
}

TEST_F(Windows, AreEmptyAgainWhenIdle) {
  Bond& bond = make(small_window(1U << 20));
  for (int i = 0; i < 500; ++i)
    bond.edge_app().plan({0ms, sctp::StreamId(static_cast<std::uint16_t>(i % 64)), i % 5 == 0, 3000});
  for (int i = 0; i < 500; ++i)
    bond.hub_app().plan({0ms, sctp::StreamId(static_cast<std::uint16_t>(i % 64)), i % 5 == 0, 3000});
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  EXPECT_TRUE(bond.run_until(30s, [&] { return bond.finished_sending() && bond.all_arrived(); }));
  bond.run_for(5s);
  for (Host* host : {&bond.edge(), &bond.hub()}) EXPECT_LT(host->pool().in_use(), 16U) << host->name();
  bond.check_memory();
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
