#pragma once

#include <algorithm>
#include <vector>

#include "sctp/association/core.hpp"
#include "sctp/wire/asconf.hpp"
#include "unit/sctp/support/path_support.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::test {

/// What an association lends to its procedures, without the association.
struct CoreBench {
  CoreBench() {
    core.dynamic_addresses = true;
    core.open = true;
    core.initiator = true;
    core.peer_window_hint = kPeerWindow;
    core.retire = [this](PathId id) {
      retired.push_back(id);
      core.paths.remove(id);
    };
  }

  /// The only chunk that waits to be sent; its bytes live until clear().
  const control::ControlChunk& only_chunk() { return core.control.chunks().at(0); }
  static wire::ChunkView view(const control::ControlChunk& chunk) {
    return *wire::ChunkReader(chunk.bytes, 0).next();
  }
  [[nodiscard]] std::uint64_t drops_of(DropReason reason) const { return drops.of(reason); }
  std::ptrdiff_t count(Event::Kind kind) {
    std::ptrdiff_t n = 0;
    for (std::size_t i = 0; i < events.size(); ++i) n += events[i].kind == kind ? 1 : 0;
    return n;
  }

  EndpointConfig config;
  TestRandom random;
  BufferPool pool;
  DropCounters drops;
  RingQueue<Event> events;
  RingQueue<association::Reply> replies;
  association::EndpointContext context{config, random, pool, drops, events, replies, nullptr};
  association::Core core{context, AssociationId(1), 9899};
  std::vector<PathId> retired;
};

}  // namespace hawser::sctp::test
