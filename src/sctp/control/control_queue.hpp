#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/types.hpp"
#include "sctp/wire/abort_error.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/types.hpp"

namespace hawser::sctp::control {

/// The part of an unknown chunk or parameter that an error cause repeats.
[[nodiscard]] inline Bytes error_echo(Bytes unknown) {
  constexpr std::size_t kMaxErrorEcho = 512;
  return unknown.first(std::min(unknown.size(), kMaxErrorEcho));
}

/// A control chunk that waits to be sent.
struct ControlChunk {
  wire::ChunkType type{};
  std::vector<std::byte> bytes;  ///< header and value, without padding
  PathId path = kNoPath;  ///< the path it takes; kNoPath: `route` if given, else the best path when it leaves
  std::optional<Route> route;  ///< for an answer to a source that is not a path
  /// Size of the datagram that it answers: to a source that is not a path, no larger packet leaves.
  std::size_t asked = kAnySize;

  /// No limit: the chunk is smaller than any datagram that it can answer.
  static constexpr std::size_t kAnySize = std::numeric_limits<std::size_t>::max();
};

/// Control chunks in the order in which they have to leave. Owns their bytes; never sends. Their number is
/// bounded, whatever the peer sends; a chunk that finds no room is dropped and counted.
class ControlQueue {
 public:
  static constexpr std::size_t kMaxChunks = 64;   ///< chunks that wait at most
  static constexpr std::size_t kMaxAnswers = 48;  ///< answers to the peer find no room at this length

  /// An empty queue. `drops` outlives it.
  explicit ControlQueue(DropCounters& drops) : drops_(drops) {}

  /// Serialises a chunk and appends it.
  template <class Chunk>
  void push(wire::ChunkType type, const Chunk& chunk, PathId path = kNoPath,
            std::optional<Route> route = std::nullopt, std::size_t asked = ControlChunk::kAnySize) {
    push_bytes(type, serialise(chunk), path, route, asked);
  }
  /// Appends a serialised chunk: header and value, without padding.
  void push_bytes(wire::ChunkType type, std::vector<std::byte> bytes, PathId path = kNoPath,
                  std::optional<Route> route = std::nullopt, std::size_t asked = ControlChunk::kAnySize) {
    const std::size_t limit = is_answer(type) ? kMaxAnswers : kMaxChunks;
    if (bytes.empty() || chunks_.size() >= limit) return drops_.add(DropReason::control_overflow);
    chunks_.push_back({type, std::move(bytes), path, route, asked});
  }
  /// Appends an ERROR chunk with one cause, for the best path.
  void push_error(wire::CauseCode cause, Bytes value) {
    std::vector<std::byte> causes(wire::kTlvHeaderSize + padded4(value.size()));
    ByteWriter writer(causes);
    wire::write_cause(writer, cause, value);
    push(wire::ChunkType::kError, wire::ErrorChunk{writer.written()});
  }
  /// Whether no chunk waits.
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  /// Whether a chunk of this type waits.
  [[nodiscard]] bool contains(wire::ChunkType type) const {
    return std::ranges::any_of(chunks_, [type](const ControlChunk& chunk) { return chunk.type == type; });
  }
  /// Drops the chunks of this type.
  void drop(wire::ChunkType type) {
    std::erase_if(chunks_, [type](const ControlChunk& chunk) { return chunk.type == type; });
  }
  /// Drops the chunks for `path`.
  void drop(PathId path) {
    std::erase_if(chunks_, [path](const ControlChunk& chunk) { return chunk.path == path; });
  }
  /// Drops all chunks.
  void clear() { chunks_.clear(); }
  /// The chunks that wait; the sender removes those that leave.
  [[nodiscard]] std::vector<ControlChunk>& chunks() { return chunks_; }

  /// Serialises a chunk of at most kMaxChunkSize bytes, which is more than any datagram that leaves holds.
  /// Empty: it is larger.
  template <class Chunk>
  static std::vector<std::byte> serialise(const Chunk& chunk) {
    std::array<std::byte, kMaxChunkSize> room;
    ByteWriter writer(room);
    chunk.write(writer);
    if (!writer.ok()) return {};
    return {writer.written().begin(), writer.written().end()};
  }

 private:
  static constexpr std::size_t kMaxChunkSize = 9000;

  /// Whether the peer causes chunks of this type. They leave room for the chunks that this end begins with.
  static bool is_answer(wire::ChunkType type) {
    return type == wire::ChunkType::kHeartbeatAck || type == wire::ChunkType::kError ||
           type == wire::ChunkType::kAsconfAck || type == wire::ChunkType::kCookieAck;
  }

  DropCounters& drops_;
  std::vector<ControlChunk> chunks_;
};

}  // namespace hawser::sctp::control
