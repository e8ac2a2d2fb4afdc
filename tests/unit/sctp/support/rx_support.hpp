#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/data.hpp"

namespace hawser::sctp::test {

/// A message at its sender.
struct SentMessage {
  std::uint16_t stream = 0;
  bool unordered = false;
  std::uint32_t ppid = 0;
  std::size_t first_chunk = 0;  ///< index into Sender::chunks
  std::size_t chunk_count = 0;
  std::vector<std::byte> payload;
};

struct SendShape {
  std::uint16_t stream = 0;
  std::size_t size = 100;
  std::size_t fragment = 1000;  ///< largest payload of a chunk
  bool unordered = false;
};

/// Splits messages into DATA chunks with consecutive TSNs, as RFC 9260 §6.9 requires of a sender. The
/// payloads of different messages differ.
class Sender {
 public:
  explicit Sender(Tsn first_tsn) : next_tsn_(first_tsn) {}

  void send(const SendShape& shape) {
    const auto id = static_cast<std::uint32_t>(messages.size());
    SentMessage message{.stream = shape.stream,
                        .unordered = shape.unordered,
                        .ppid = id ^ 0x5a5a5a5aU,
                        .first_chunk = chunks.size(),
                        .payload = std::vector<std::byte>(shape.size)};
    for (std::size_t i = 0; i < shape.size; ++i) message.payload[i] = pattern(id, i);
    const Bytes bytes = message.payload;  // the bytes stay in place when the message is moved
    const Ssn ssn = shape.unordered ? Ssn{} : next_ssn_[shape.stream]++;
    for (std::size_t at = 0; at < shape.size; at += shape.fragment) {
      const std::size_t size = std::min(shape.fragment, shape.size - at);
      chunks.push_back({.unordered = shape.unordered,
                        .begin = at == 0,
                        .end = at + size == shape.size,
                        .tsn = next_tsn_++,
                        .stream = StreamId{shape.stream},
                        .ssn = ssn,
                        .ppid = Ppid{message.ppid},
                        .payload = bytes.subspan(at, size)});
    }
    message.chunk_count = chunks.size() - message.first_chunk;
    messages.push_back(std::move(message));
  }

  std::vector<SentMessage> messages;
  std::vector<wire::DataChunk> chunks;

 private:
  static std::byte pattern(std::uint32_t id, std::size_t at) {
    return static_cast<std::byte>((id * 2'654'435'761U + at * 40'503U) >> 7);
  }

  Tsn next_tsn_;
  std::map<std::uint16_t, Ssn> next_ssn_;
};

inline bool same_bytes(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Uniform in [low, high].
inline std::size_t pick(std::mt19937_64& random, std::size_t low, std::size_t high) {
  return std::uniform_int_distribution<std::size_t>(low, high)(random);
}

}  // namespace hawser::sctp::test
