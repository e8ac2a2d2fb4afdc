#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/ring_queue.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/random.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/event.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/auth/auth.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::association {

/// A packet that leaves without an association, or as its last word: complete, or but for the checksum.
struct Reply {
  Route route;
  Buffer packet;
  bool sealed = false;
};

/// What the endpoint lends to its associations.
struct EndpointContext {
  const EndpointConfig& config;
  RandomSource& random;
  BufferPool& pool;
  DropCounters& drops;
  RingQueue<Event>& events;
  RingQueue<Reply>& replies;
  const SecurityConfig* protection;  ///< null: plain SCTP
};

/// What the procedures of one association (heartbeat, ASCONF, handshake, shutdown, data) share. Plain data
/// with two conveniences.
struct Core {
  Core(EndpointContext& endpoint_context, AssociationId association_id, std::uint16_t peers_port)
      : endpoint(endpoint_context),
        id(association_id),
        peer_port(peers_port),
        paths(endpoint_context.config) {}

  EndpointContext& endpoint;
  AssociationId id;
  std::uint16_t peer_port;      ///< SCTP port of the peer
  std::uint32_t local_tag = 0;  ///< what the peer puts into its packets
  std::uint32_t peer_tag = 0;   ///< what we put into ours; 0 until known
  path::PathTable paths;
  control::ControlQueue control;
  auth::Auth auth;
  bool nr_sack = false;
  bool dynamic_addresses = false;
  bool open = false;                 ///< the user knows of the association
  bool initiator = false;            ///< we sent the INIT; we know our uplinks and the peer learns them
  std::size_t peer_window_hint = 0;  ///< the peer's first a_rwnd: ssthresh of new paths (RFC 9260 §7.2.1)
  Timestamp last_transfer = Timestamp::min();  ///< when DATA or news of our DATA last came, on whatever path
  unsigned error_count = 0;                    ///< consecutive time-outs of the association (RFC 9260 §8.1)

  [[nodiscard]] const EndpointConfig& config() const { return endpoint.config; }
  [[nodiscard]] wire::CommonHeader header() const { return {endpoint.config.port, peer_port, peer_tag, 0}; }
  void drop(DropReason reason) const { endpoint.drops.add(reason); }
  void emit(Event::Kind kind, PathId path = kNoPath, std::uint16_t cause = 0,
            std::string_view reason = {}) const {
    endpoint.events.push_back(Event{kind, id, path, cause, reason, {}});
  }
  /// Takes a path out for good. What was in flight there has to be declared lost before; see
  /// Association::retire_path. Set by the association, so that every procedure can remove a path and none
  /// needs to know the sender.
  std::function<void(PathId)> retire;
  /// Tells of a path that began or ceased to carry data, once per change.
  void announce(path::Path& path) const {
    const bool up = path.state == PathState::active;
    if (up == path.announced || !open) return;
    path.announced = up;
    if (up) return emit(Event::Kind::path_up, path.id);
    emit(Event::Kind::path_down, path.id, 0, "no answer in time");
  }
};

}  // namespace hawser::sctp::association
