#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sctp/tx/data_sender.hpp"
#include "unit/sctp/support/tx_support.hpp"

namespace hawser::sctp::tx {
using namespace std::chrono_literals;
using test::add_active;
using test::Gaps;
using Verdict = DataSender::SackVerdict;

inline constexpr Tsn kFirstTsn{0xFFFF'FFF0};  // the wrap comes early
inline constexpr std::uint16_t kStreams = 4;
inline constexpr std::size_t kRoom = 1452;
inline constexpr std::size_t kMaxPayload = kRoom - wire::kCommonHeaderSize - wire::kDataHeaderSize;

inline EndpointConfig small_buffer() {
  EndpointConfig config;
  config.send_buffer = 10'000;
  config.max_message_size = 50'000;
  return config;
}

/// A chunk as it left, with its own copy of the payload.
struct Sent {
  wire::DataChunk chunk;
  std::vector<std::byte> payload;
};

/// Fixture with a sender of two paths whose packets are parsed.
class DataSenderTest : public ::testing::Test {
 protected:
  DataSenderTest() {
    sender.on_established(kStreams, 1'000'000, true);
    sender.set_max_chunk_payload(kMaxPayload);
  }

  Buffer message(std::size_t size, int fill = 0) {
    Buffer buffer = pool.acquire(size);
    std::ranges::fill(buffer.bytes(), static_cast<std::byte>(fill));
    return buffer;
  }
  SendResult send(std::size_t size, const SendOptions& options = {}) {
    return sender.enqueue(now, message(size), options);
  }
  SendResult send_on(std::uint16_t stream, std::size_t size = 100) {
    return send(size, {.stream = StreamId(stream)});
  }

  // The chunks of one packet.
  std::vector<Sent> packet(path::Path* path = nullptr) {
    if (path == nullptr) path = &a;
    std::array<std::byte, kRoom> room{};
    PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
    const std::size_t filled = sender.fill(builder, *path, path->flight.sent.next(), now);
    const std::size_t size = builder.finish();
    if (filled != 0) path->flight.on_sent(now, size, 0);
    std::vector<Sent> sent;
    wire::ChunkReader reader(Bytes(room).first(size));
    while (const auto view = reader.next()) {
      const auto data = wire::DataChunk::parse(*view);
      EXPECT_TRUE(data.has_value());
      sent.push_back({*data, {data->payload.begin(), data->payload.end()}});
    }
    EXPECT_TRUE(reader.ok());
    return sent;
  }
  // Packets until nothing more may leave.
  std::vector<Sent> all() {
    std::vector<Sent> sent;
    for (;;) {
      const auto more = packet();
      if (more.empty()) return sent;
      sent.insert(sent.end(), more.begin(), more.end());
    }
  }
  Verdict sack(std::uint32_t count, std::uint32_t window = 1'000'000, const Gaps& gaps = {},
               const Gaps& firm = {}) {
    const wire::SackFields fields{.cumulative_tsn = kFirstTsn + (count - 1), .a_rwnd = window};
    return sender.on_sack({fields, gaps.list(), firm.list(), {}}, paths, now);
  }

  EndpointConfig config = small_buffer();
  BufferPool pool;
  path::PathTable paths{config};
  path::Path& a = add_active(paths, 1, 100ms);
  path::Path& b = add_active(paths, 2, 40ms);
  DataSender sender{config, pool, kFirstTsn};
  Timestamp now = Timestamp{} + 1h;
};

}  // namespace hawser::sctp::tx
