#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "hawser/base/buffer.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/event.hpp"
#include "hawser/sctp/message.hpp"
#include "hawser/sctp/security.hpp"
#include "hawser/sctp/status.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

/// An SCTP endpoint (RFC 9260) over UDP (RFC 6951): sans-I/O. It has no clock, no socket, no thread.
///
/// Owns its associations, finds the one a datagram belongs to by verification tag, and answers what belongs
/// to none. After any call, poll until empty: poll_transmit, poll_message, poll_event; then arm one timer for
/// next_timeout(). `now` never goes backwards. `random` and `pool` outlive the endpoint and everything polled
/// from it.
class Endpoint {
 public:
  Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool);
  /// A protected endpoint: `connected` and `accepted` are told when both sides have proven their keys, and
  /// auth_keys are not used. A restarted peer comes as a new association; peer_key() tells whose it is.
  Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool, SecurityConfig protection);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // --- input
  // -----------------------------------------------------------------------------------------------------
  /// Datagrams in order of arrival. Their bytes may be overwritten.
  void handle_datagrams(Timestamp now, std::span<ReceivedDatagram> datagrams);
  void handle_timeout(Timestamp now);

  // --- commands
  // --------------------------------------------------------------------------------------------------
  /// Begins an association from `first` (RFC 9260 §5.1); its INIT lists no addresses. Ends in an event:
  /// connected, aborted or lost. `peer_port` is the SCTP port of the peer.
  AssociationId connect(Timestamp now, const Route& first, std::uint16_t peer_port = 9899);
  /// The same from a protected endpoint, to one of its SecurityConfig::peers.
  AssociationId connect(Timestamp now, const Route& first, const crypto::PublicKey& peer,
                        std::uint16_t peer_port = 9899);
  /// Takes the message over on `ok`; leaves it with the caller otherwise.
  SendResult send(Timestamp now, AssociationId id, Buffer&& message, const SendOptions& options);
  /// Adds the way `route` by a wildcard ASCONF sent from it (RFC 5061 §4.2.1), once the association is up.
  /// Nothing when the association is unknown, has too many paths, or has this route already.
  std::optional<PathId> add_path(Timestamp now, AssociationId id, const Route& route);
  /// Forgets the path here; no ASCONF is sent (behind a NAT, its address is known to the peer only). The last
  /// one stays.
  bool remove_path(Timestamp now, AssociationId id, PathId path);
  /// Own choice of primary path (RFC 9260 §8.2): where data goes without multipath, and control chunks first.
  bool set_primary(AssociationId id, PathId path);
  /// When `path` carries data from now on, both ways: in a protected association the peer is told, in plain
  /// SCTP it holds for what we send. Nothing that is on its way is lost. False: no such path.
  bool set_path_role(AssociationId id, PathId path, PathRole role);
  /// The most that `path` may carry from now on, both ways: `download_bps` is told to the peer in a protected
  /// association, and means nothing in plain SCTP. False: no such path, or a cap that is neither 0 nor within
  /// kMinCap and kMaxCap.
  bool set_path_caps(AssociationId id, PathId path, const PathCaps& caps);
  /// Asks the peer to send to our address `local` by preference (RFC 5061 §4.2.5).
  bool request_primary(Timestamp now, AssociationId id, const IpAddress& local);
  /// Adds / deletes a literal local address at the peer (RFC 5061 §4.2.1, §4.2.2), from whatever path is
  /// best.
  bool request_address(Timestamp now, AssociationId id, const IpAddress& local, bool add);
  /// Sends a HEARTBEAT now on `path`, even while another is outstanding: the local address or the way out may
  /// have changed meanwhile.
  void probe_path(Timestamp now, AssociationId id, PathId path);
  /// Tells whoever had an association with an earlier life of this endpoint over `route` that it is gone
  /// (docs/protocol.md): the peer asks its paths whether they answer, and calls anew when they do not.
  /// Nothing answers it, and the peer believes nothing of it.
  void send_restart_notice(const Route& route);
  /// Graceful shutdown (RFC 9260 §9.2): everything accepted by send() is delivered first. Ends in an event.
  void shutdown(Timestamp now, AssociationId id);
  /// ABORT with cause User-Initiated Abort (RFC 9260 §9.1); `reason` goes to the peer.
  void abort(Timestamp now, AssociationId id, std::string_view reason);

  // --- output
  // ----------------------------------------------------------------------------------------------------
  /// Fills `batch` with datagrams for ONE route, or returns false: nothing to send now.
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  std::optional<ReceivedMessage> poll_message();
  std::optional<Event> poll_event();
  /// When to call handle_timeout, or kNever.
  [[nodiscard]] Timestamp next_timeout() const;

  // --- getters
  // ---------------------------------------------------------------------------------------------------
  [[nodiscard]] std::optional<AssociationStatus> status(AssociationId id) const;
  /// Who the peer of a protected association has proven to be; nothing before that.
  [[nodiscard]] std::optional<crypto::PublicKey> peer_key(AssociationId id) const;
  [[nodiscard]] std::size_t association_count() const;
  [[nodiscard]] const DropCounters& drops() const;
  /// Free bytes of the send buffer; 0 for an unknown association.
  [[nodiscard]] std::size_t send_space(AssociationId id) const;
  /// Bytes accepted by send() that were not transmitted yet: what stands in the queue. A caller that keeps
  /// its own queue (a tunnel) sends only while this is small.
  [[nodiscard]] std::size_t send_backlog(AssociationId id) const;
  /// Largest user message that fits one datagram on every path of the association.
  [[nodiscard]] std::size_t unfragmented_size(AssociationId id) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::sctp
