#pragma once

#include <cstdint>
#include <optional>

#include "hawser/base/datagram.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/validation.hpp"

namespace hawser::sctp::path {

/// Where a received packet came from, and how far it identifies a path.
struct PacketSource {
  Timestamp now;
  const Route& route;
  std::size_t size;  ///< of the datagram, bytes
  /// The packet cannot be a replay: it is the newest record of its path id or, in plain SCTP, it contains new
  /// data or a new acknowledgement.
  bool fresh;
  /// The path on which records with this path id last arrived. Null: the packet is not a record.
  PathId* record_path;
  RecordOrigin record;  ///< valid when record_path is not null
};

/// Follows a path whose address changes at either end. The peer's address when its NAT rebinds (RFC 6951
/// §5.4): the new address becomes a candidate, a HEARTBEAT validates it, and only then the path moves there.
/// Owns no path; never moves a path to an address of the peer that did not answer.
class Migration {
 public:
  /// All arguments outlive it.
  Migration(const EndpointConfig& config, DropCounters& drops, PathTable& paths, PathValidation& validation,
            const control::EventSink& events)
      : config_(config), drops_(drops), paths_(paths), validation_(validation), events_(events) {}
  /// The peer's first a_rwnd in bytes, from which new paths take their ssthresh.
  void set_peer_window(std::size_t bytes) { peer_window_ = bytes; }

  // --- this end's address
  /// The own address or next hop of `path` has changed: the path restarts and is probed. Its data in flight
  /// was declared lost before.
  void move(Path& path);

  // --- the peer's address
  /// The path that a packet belongs to although it came from no path, or from a candidate (`from`): its
  /// record is one of a path that was validated before. The peer has moved, or a relay has
  /// delivered a copy first. kNoPath: there is no such path.
  [[nodiscard]] PathId home_of(const Path* from, const PacketSource& source);
  /// The path that a packet belongs to when it answers a HEARTBEAT on path `answered`, and no record with its
  /// path id has arrived on a path since the last rekey.
  [[nodiscard]] PathId home_by_answer(const Path* from, const PacketSource& source, PathId answered);
  /// The records with the path id of this packet belong to `path`.
  static void assign(Path& path, const PacketSource& source);
  /// To be called for every authentic packet, after its chunks.
  void on_packet(Timestamp now, const PacketSource& source);
  /// Makes the source of an authentic packet a candidate when it is clear which path has moved.
  void follow(Timestamp now, const PacketSource& source);
  /// `candidate` has answered: its path continues at the new address. Returns the id of that path; nothing
  /// when the path is gone and the candidate becomes a path of its own.
  std::optional<PathId> complete(Path& candidate, Timestamp now);

 private:
  [[nodiscard]] PathId home_if(const Path* from, const PacketSource& source, PathId id);
  void identify(const PacketSource& source);
  [[nodiscard]] static bool moves_with(const Path& path, const RecordOrigin& record);
  [[nodiscard]] const Path* moved_path(const PacketSource& source);
  [[nodiscard]] bool replaces_candidate(const Path& path, Timestamp now);

  const EndpointConfig& config_;
  DropCounters& drops_;
  PathTable& paths_;
  PathValidation& validation_;
  const control::EventSink& events_;
  std::size_t peer_window_ = 0;
};

}  // namespace hawser::sctp::path
