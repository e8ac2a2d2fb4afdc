#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ring_queue.hpp"
#include "hawser/sctp/config.hpp"
#include "sctp/tx/outstanding.hpp"
#include "sctp/tx/packet_builder.hpp"

namespace hawser::sctp::tx {

/// Adds a chunk that has a TSN to `packet`, where it fits. `immediate`: the peer acknowledges it at once.
void add_chunk(PacketBuilder& packet, std::uint64_t tsn, const OutChunk& chunk, bool immediate);

/// The chunks that are to leave on a second path as well: those that the redundant scheduling duplicates, and
/// those on a slow path at which the peer's window begins while it is full (opportunistic retransmission). A
/// chunk stays that of its first path; a copy is in a packet of its own, of which no chunk is known
/// (path::PathFlight::make_loose). Owns the TSNs that wait, at most kMax; no chunk. Never chooses a path.
class Copies {
 public:
  /// Most copies that wait; beyond it the oldest is left out.
  static constexpr std::size_t kMax = 256;
  /// A copy that has waited longer arrives no sooner than a retransmission.
  static constexpr Duration kMaxWait = std::chrono::milliseconds(100);
  /// Most chunks that are copied at once because they fill the window.
  static constexpr std::size_t kAtOnce = 16;

  /// Knows from `config` which chunks leave twice.
  explicit Copies(const EndpointConfig& config)
      : scheduling_(config.multipath ? config.scheduling : Scheduling::earliest) {}

  /// The chunks with the TSNs of [first, end) have left for the first time.
  void on_sent(const Outstanding& outstanding, std::uint64_t first, std::uint64_t end, Timestamp now);
  /// The oldest chunks in flight on `path` fill the window.
  void on_window_full(const Outstanding& outstanding, const path::Path& path, Timestamp now);
  /// The path that holds the chunk at which the peer's window begins; null: it is not in flight, or was
  /// copied.
  [[nodiscard]] static const path::Path* window_holder(const Outstanding& outstanding);

  /// The path of the next chunk of which a copy is to leave; null: there is none. Leaves out chunks that are
  /// acknowledged or lost meanwhile.
  [[nodiscard]] const path::Path* next(const Outstanding& outstanding, Timestamp now);
  /// Adds to `packet`, which leaves on `path`, the copies of chunks of other paths that fit. Returns how
  /// many.
  std::size_t fill(Outstanding& outstanding, PacketBuilder& packet, path::Path& path, Timestamp now);
  /// The next copy cannot leave; next() is not null.
  void drop_next() { waiting_.drop_front(); }
  /// No path can carry the copies that wait.
  void drop() { waiting_.clear(); }

 private:
  struct Copy {
    std::uint64_t tsn = 0;
    Timestamp since{};
  };
  void push(std::uint64_t tsn, Timestamp now);

  Scheduling scheduling_;
  RingQueue<Copy> waiting_;  ///< oldest first
};

}  // namespace hawser::sctp::tx
