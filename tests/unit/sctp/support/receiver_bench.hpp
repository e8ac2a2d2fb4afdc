#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "sctp/rx/receiver.hpp"
#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::test {

inline constexpr Duration kBenchHold = std::chrono::milliseconds(200);
inline constexpr std::uint16_t kBenchStreams = 1024;

/// The receiver of a protected association, with its clock.
struct ReceiverBench {
  explicit ReceiverBench(Duration hold = kBenchHold)
      : receiver(Tsn{1}, kBenchStreams, config(hold), pool, rx::GapPolicy::delayed, true) {}

  static EndpointConfig config(Duration hold) {
    EndpointConfig config;
    config.order_hold = hold;
    return config;
  }
  std::optional<DropReason> add(const wire::DataChunk& chunk) {
    const auto drop = receiver.on_data(now, PathId{1}, chunk);
    receiver.on_packet_end(now);
    return drop;
  }
  /// Lets time pass, with the timer calls that the receiver requests.
  void wait(Duration span) {
    const Timestamp end = now + span;
    while (receiver.next_timeout() <= end) {
      ASSERT_GE(receiver.next_timeout(), now) << "a timer that does not move";
      now = receiver.next_timeout();
      receiver.on_timeout(now);
    }
    now = end;
  }
  std::vector<rx::Delivered> poll_all() {
    std::vector<rx::Delivered> all;
    while (auto message = receiver.poll_message()) all.push_back(std::move(*message));
    return all;
  }
  /// The PPIDs of the messages that are ready: they name the messages of a Sender.
  std::vector<std::uint32_t> poll_ids() {
    std::vector<std::uint32_t> ids;
    for (const rx::Delivered& message : poll_all()) ids.push_back(message.ppid.value() ^ 0x5a5a5a5aU);
    return ids;
  }
  /// Fills a hole of one message after `span`.
  void hole_of(Sender& sender, Duration span) {
    const std::size_t at = sender.chunks.size();
    sender.send({.stream = 1});
    sender.send({.stream = 1});
    ASSERT_FALSE(add(sender.chunks[at + 1]));
    wait(span);
    ASSERT_FALSE(add(sender.chunks[at]));
    poll_all();
  }

  Timestamp now{std::chrono::seconds(10)};
  BufferPool pool;
  rx::Receiver receiver;
};

}  // namespace hawser::sctp::test
