#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "unit/sctp/support/tx_support.hpp"

namespace hawser::sctp::tx {

/// Fixture with two paths and chunks of one size. Chunk n is the n-th, from 1, and every chunk leaves in its
/// own packet.
class OutstandingTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kSize = 1000;

  explicit OutstandingTest(Tsn initial_tsn = Tsn{1000}) : out(initial_tsn), first(out.next_tsn()) {}

  [[nodiscard]] std::uint64_t tsn(std::uint64_t n) const { return first + n - 1; }
  OutChunk& chunk(std::uint64_t n) { return out.at(tsn(n)); }

  /// `record`: key of the packet's record; 0 in plain SCTP.
  void leave(std::uint64_t tsn, path::Path& path, std::uint64_t record = 0) {
    out.on_sent(tsn, path, path.flight.sent.next(), now);
    path.flight.on_sent(now, kSize, record);
  }
  void send_again(std::uint64_t n, path::Path& path, std::uint64_t record = 0) {
    leave(tsn(n), path, record);
  }
  void send_new(path::Path& path) { send_new_in(path, 0); }
  void send_new(path::Path& path, int count) {
    for (int i = 0; i < count; ++i) send_new(path);
  }
  void send_new_in(path::Path& path, std::uint64_t record) {
    OutChunk fresh;
    fresh.payload = pool.acquire(kSize);
    const std::uint64_t number = out.next_tsn();
    out.append(std::move(fresh));
    leave(number, path, record);
  }
  std::size_t detect_losses(path::Path& path, Timestamp at) { return out.detect_losses(path, at).chunks; }

  // Acknowledges all chunks up to `n`, and gaps counted from there.
  [[nodiscard]] SackView view(std::uint64_t n, const test::Gaps& gaps, const test::Gaps& firm) const {
    return {tsn(n), gaps.list(), firm.list(), now};
  }
  std::size_t sack(std::uint64_t n, const test::Gaps& gaps = {}, const test::Gaps& firm = {}) {
    EXPECT_TRUE(out.plausible(view(n, gaps, firm)));
    return out.acknowledge(view(n, gaps, firm), paths);
  }
  [[nodiscard]] bool plausible(std::uint64_t n, const test::Gaps& gaps = {},
                               const test::Gaps& firm = {}) const {
    return out.plausible(view(n, gaps, firm));
  }

  EndpointConfig config;
  BufferPool pool;
  path::PathTable paths{config};
  path::Path& a = test::add_active(paths, 1, std::chrono::milliseconds(100));
  path::Path& b = test::add_active(paths, 2, std::chrono::milliseconds(40));
  Outstanding out;
  std::uint64_t first;
  Timestamp now = Timestamp{} + std::chrono::hours(1);
};

}  // namespace hawser::sctp::tx
