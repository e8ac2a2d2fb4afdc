#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/event.hpp"
#include "hawser/sctp/message.hpp"
#include "hawser/sctp/message_source.hpp"
#include "hawser/sctp/packet_observer.hpp"
#include "hawser/sctp/security.hpp"
#include "hawser/sctp/status.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

/// An SCTP endpoint (RFC 9260) over UDP (RFC 6951), sans-I/O: it has no clock, no socket and no thread.
///
/// Owns its associations, selects the association of a datagram by verification tag, and answers
/// out-of-the-blue packets (RFC 9260 §8.4). After any call, poll until nothing is left: poll_transmit,
/// poll_message, poll_event; then arm one timer for next_timeout(). `now` never goes backwards. `random` and
/// `pool` outlive the endpoint and everything polled from it.
class Endpoint {
 public:
  /// A plain endpoint. Throws std::invalid_argument for a configuration outside the ranges of EndpointConfig.
  Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool);
  /// A protected endpoint. It reports `connected` and `accepted` only after both ends have proven their keys,
  /// ignores auth_keys, and does not answer out-of-the-blue packets. A restarted peer appears as a new
  /// association; peer_key() identifies it. Throws std::invalid_argument as the plain constructor does, and
  /// std::runtime_error when OpenSSL does not offer TLS 1.3 with X25519 and Ed25519 (by the system's policy).
  Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool, SecurityConfig security);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// For developers and tests: `observer` receives every packet in clear text from now on. Null: none does.
  /// It outlives the endpoint.
  void set_packet_observer(PacketObserver* observer);

  // --- input

  /// Processes datagrams in order of arrival. Their bytes may be overwritten.
  void handle_datagrams(Timestamp now, std::span<ReceivedDatagram> datagrams);
  /// Processes all timers that expired at or before `now`.
  void handle_timeout(Timestamp now);

  // --- commands

  /// Begins an association over `first` (RFC 9260 §5.1); the INIT lists no addresses. The outcome is an
  /// event: connected, aborted or lost. `peer_port` is the SCTP port of the peer. Plain endpoints only.
  AssociationId connect(Timestamp now, const Route& first, std::uint16_t peer_port = 9899);
  /// Begins an association over `first` to `peer`, one of SecurityConfig::peers. The outcome is an event:
  /// connected, aborted or lost. `peer_port` is the SCTP port of the peer. Protected endpoints only.
  AssociationId connect(Timestamp now, const Route& first, const crypto::PublicKey& peer,
                        std::uint16_t peer_port = 9899);
  /// Queues a message for delivery. Takes `message` over on `ok`; otherwise the caller keeps it.
  SendResult send(Timestamp now, AssociationId id, Buffer&& message, const SendOptions& options);
  /// Sets where further messages of the association come from, in place of or next to send(); null: nowhere.
  /// While the association is up, the engine takes a message from `source` when a path has room for it.
  /// Messages that are still there when the association shuts down are not sent. `source` outlives the
  /// association or is replaced. False: no such association.
  bool set_message_source(AssociationId id, MessageSource* source);
  /// Messages have begun to wait in the source of the association: the next poll_transmit() takes those that
  /// a path has room for. One call per batch of messages suffices.
  void notify_waiting(AssociationId id);
  /// Adds a path over `route`. It joins by a wildcard ASCONF sent from that route (RFC 5061 §4.2.1), as soon
  /// as the association is up. Returns nothing when the association is unknown, has EndpointConfig::max_paths
  /// paths, or has this route already.
  std::optional<PathId> add_path(Timestamp now, AssociationId id, const Route& route);
  /// Removes the path. No ASCONF is sent, because behind a NAT only the peer sees the path's address; in a
  /// protected association the peer gets a message and removes the path as well, in plain SCTP it finds out
  /// itself. False: no such path, or the last one, which stays.
  bool remove_path(Timestamp now, AssociationId id, PathId path);
  /// Chooses the primary path (RFC 9260 §6.4) for what this end sends: control chunks, and all data without
  /// multipath. False: no such path.
  bool set_primary(AssociationId id, PathId path);
  /// Sets when `path` carries data from now on. In a protected association the role is sent to the peer and
  /// holds for both directions; in plain SCTP it holds for what this end sends. Packets in flight are not
  /// affected. False: no such path.
  bool set_path_role(AssociationId id, PathId path, PathRole role);
  /// Sets the highest rates of `path` from now on. In a protected association `download_bps` is sent to the
  /// peer; in plain SCTP it has no effect. False: no such path, or a value for which is_cap() is false.
  bool set_path_caps(AssociationId id, PathId path, const PathCaps& caps);
  /// Sets the weight of `path` among the paths of the association, at least 1, for Scheduling::weighted.
  /// False: no such path, or the weight is 0.
  bool set_path_weight(AssociationId id, PathId path, std::uint32_t weight);
  /// Sets the congestion control of what this end sends on `path`. Another one than before begins with the
  /// initial window, and its slow start leads to the window of its predecessor. False: no such path.
  bool set_path_congestion(AssociationId id, PathId path, CongestionControl control);
  /// Requests by ASCONF that the peer makes our address `local` its primary destination (RFC 5061 §4.2.4).
  /// False: the association is unknown, not up, or without ASCONF. The peer's answer is not reported.
  bool request_primary(Timestamp now, AssociationId id, const IpAddress& local);
  /// Requests by ASCONF that the peer adds or deletes our address `local` (RFC 5061 §4.2.1, §4.2.2), sent
  /// over the best path. False: the association is unknown, not up, or without ASCONF. The peer's answer is
  /// not reported.
  bool request_address(Timestamp now, AssociationId id, const IpAddress& local, bool add);
  /// Sends a HEARTBEAT on `path` now, even while another one is outstanding, because the local address or the
  /// route may have changed since then. Does nothing for an unknown path.
  void probe_path(Timestamp now, AssociationId id, PathId path);
  /// Datagrams of `path` now leave by another local address or next hop than before: the path starts again as
  /// a new one would (RFC 9000 §9.4), with the initial window and RTO, and its data in flight is sent again.
  /// Until the peer answers there, other active paths carry the data. Its largest packet size is kept and
  /// verified. Sends a HEARTBEAT now, as probe_path() does. Does nothing for an unknown path or before the
  /// association is up.
  void move_path(Timestamp now, AssociationId id, PathId path);
  /// Sends a restart notice (docs/protocol.md) to `route`, for a peer that may still have an association from
  /// before a restart of this endpoint. It is not authenticated: the peer probes its paths, and the
  /// association ends only when they do not answer. It is never answered.
  void send_restart_notice(const Route& route);
  /// Replaces the peers of a protected endpoint; its other keys and limits stay. Other associations are not
  /// affected, but those with a peer that is no longer among them, or that has another pre-shared key now,
  /// are aborted, and so are the handshakes with it.
  void set_peers(Timestamp now, std::vector<ProtectedPeer> peers);
  /// Shuts the association down gracefully (RFC 9260 §9.2): messages that send() accepted are delivered
  /// first. The outcome is an event: closed, aborted or lost.
  void shutdown(Timestamp now, AssociationId id);
  /// Sends ABORT with cause User-Initiated Abort (RFC 9260 §9.1, §3.3.10.12) and reports `aborted`. The peer
  /// receives at most 256 bytes of `reason`.
  void abort(Timestamp now, AssociationId id, std::string_view reason);

  // --- output

  /// Fills `batch` with datagrams for one route. False: nothing to send now.
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  /// The next message from any peer, or the next part of one; nothing when all are read. Reading opens the
  /// receive window.
  std::optional<ReceivedMessage> poll_message();
  /// The next event in order; nothing when all are read.
  std::optional<Event> poll_event();
  /// When to call handle_timeout(); at once if that time has passed. kNever: no timer runs.
  [[nodiscard]] Timestamp next_timeout() const;

  // --- getters

  /// Snapshot of an association and its paths; nothing for an unknown association.
  [[nodiscard]] std::optional<AssociationStatus> status(AssociationId id) const;
  /// The key that the peer of a protected association has proven; nothing before that.
  [[nodiscard]] std::optional<crypto::PublicKey> peer_key(AssociationId id) const;
  /// Associations, with those that are not up yet or are shutting down.
  [[nodiscard]] std::size_t association_count() const;
  /// Drops of this endpoint since its construction.
  [[nodiscard]] const DropCounters& drops() const;
  /// Free bytes of the send buffer; 0 for an unknown association.
  [[nodiscard]] std::size_t send_space(AssociationId id) const;
  /// Bytes that send() accepted, or that were taken from the source, and that were not transmitted yet; 0 for
  /// an unknown association.
  [[nodiscard]] std::size_t send_backlog(AssociationId id) const;
  /// The longest smoothed round trip of the paths that carry data now; zero: none is measured, or the
  /// association is unknown.
  [[nodiscard]] Duration round_trip(AssociationId id) const;
  /// Largest user message in bytes that fits one datagram on every path that may carry data now; 0 for an
  /// unknown association.
  [[nodiscard]] std::size_t unfragmented_size(AssociationId id) const;
  /// Whether unfragmented_size() is a result: the path MTU searches of these paths have ended. While they
  /// run, as in the first round trip of an association, it is smaller than the paths are. False for an
  /// unknown association.
  [[nodiscard]] bool size_is_settled(AssociationId id) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::sctp
