#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sim::inner {

/// A packet with one piece of the stream.
struct QuicData {
  std::uint64_t number = 0;
  std::uint64_t piece = 0;
};

/// Packet numbers begin (included) to end (not included).
struct QuicRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// An acknowledgement; the ranges begin with the newest.
struct QuicAck {
  static constexpr std::size_t kMaxRanges = 32;
  Duration delay{};
  std::size_t count = 0;
  std::array<QuicRange, kMaxRanges> ranges{};
};

/// UDP payloads; a real packet of this size carries kQuicPiece bytes of a stream.
inline constexpr std::size_t kQuicPacket = 1322;
inline constexpr std::size_t kQuicPiece = 1285;

[[nodiscard]] std::vector<std::byte> make_hello();
[[nodiscard]] std::vector<std::byte> make_data(const QuicData& data);
[[nodiscard]] std::vector<std::byte> make_ack(const QuicAck& ack);
[[nodiscard]] bool is_hello(Bytes payload);
[[nodiscard]] std::optional<QuicData> parse_data(Bytes payload);
[[nodiscard]] std::optional<QuicAck> parse_ack(Bytes payload);

}  // namespace hawser::sim::inner
