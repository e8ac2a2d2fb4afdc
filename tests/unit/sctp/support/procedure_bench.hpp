#pragma once

#include <algorithm>
#include <vector>

#include "sctp/control/control_queue.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/validation.hpp"
#include "unit/sctp/support/path_support.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::test {

/// The parts that the procedures of an association use, without the association. Owns them.
struct ProcedureBench {
  /// The only chunk that waits to be sent; its bytes are valid until clear().
  const control::ControlChunk& only_chunk() { return control.chunks().at(0); }
  static wire::ChunkView view(const control::ControlChunk& chunk) {
    return *wire::ChunkReader(chunk.bytes, 0).next();
  }
  [[nodiscard]] std::uint64_t drops_of(DropReason reason) const { return drops.of(reason); }
  std::ptrdiff_t count(Event::Kind kind) {
    std::ptrdiff_t n = 0;
    for (std::size_t i = 0; i < queue.size(); ++i) n += queue[i].kind == kind ? 1 : 0;
    return n;
  }
  /// The ids of the paths that were retired, in order.
  [[nodiscard]] std::vector<PathId> retired() {
    for (const auto& path : paths.take_retired()) retired_.push_back(path->id);
    return retired_;
  }
  [[nodiscard]] path::PathValidation::Context validation() {
    return {config, random, drops, paths, control, events};
  }

  EndpointConfig config;
  TestRandom random;
  DropCounters drops;
  control::EventQueue queue;
  control::EventSink events{queue, drops, AssociationId(1)};
  path::PathTable paths{config};
  control::ControlQueue control{drops};

 private:
  std::vector<PathId> retired_;
};

}  // namespace hawser::sctp::test
