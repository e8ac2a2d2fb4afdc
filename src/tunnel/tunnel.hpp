#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/token_bucket.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "io/packet_device.hpp"
#include "tunnel/allowed_ips.hpp"
#include "tunnel/drops.hpp"
#include "tunnel/ip_packet.hpp"
#include "tunnel/packet_store.hpp"
#include "tunnel/peer_queue.hpp"

namespace hawser::tunnel {

/// Settings of one peer.
struct PeerConfig {
  crypto::PublicKey key;              ///< different for each peer
  std::vector<IpPrefix> allowed_ips;  ///< no prefix belongs to two peers
  bool dialled = false;               ///< only this end initiates the association
};

/// Settings of a tunnel.
struct TunnelConfig {
  std::vector<PeerConfig> peers;       ///< at the start; their positions are the PeerIndex values
  std::size_t queue_bytes = 4U << 20;  ///< limit of each peer's queue; of all together: kQueues of them
  std::uint64_t hash_seed = 0;         ///< unpredictable; seeds the flow hash
  /// Whether the MTU to a peer is the largest packet that fits one datagram, where that is below the device's
  /// MTU; a larger packet that routers must not fragment is answered with an ICMP error. False: it is the
  /// device's MTU, and large packets travel in several chunks.
  bool follow_paths = true;
  bool mss_clamp = true;   ///< lower the MSS that TCP connections announce to the MTU to the peer
  bool copy_dscp = false;  ///< datagrams have the DSCP of the IP packets in them
};

/// Counts of one peer since the tunnel was created.
struct PeerCounters {
  std::uint64_t tx_packets = 0;      ///< IP packets passed to the association
  std::uint64_t tx_bytes = 0;        ///< bytes of tx_packets
  std::uint64_t tx_realtime = 0;     ///< those of tx_packets that were real-time
  std::uint64_t rx_packets = 0;      ///< IP packets from the peer passed to the host
  std::uint64_t rx_bytes = 0;        ///< bytes of rx_packets
  std::uint64_t dropped = 0;         ///< packets of both directions, for any reason
  std::uint64_t associations = 0;    ///< associations that came up with this peer
  std::uint64_t replaced = 0;        ///< how many of these replaced one that was up
  std::uint64_t mss_clamped = 0;     ///< TCP SYNs of both directions whose MSS was lowered
  std::uint64_t ecn_marked = 0;      ///< packets to the peer marked CE instead of dropped
  std::uint64_t queue_delay = 0;     ///< those of dropped that CoDel dropped
  std::uint64_t queue_overflow = 0;  ///< those of dropped at the limit of the queue
  std::uint64_t queue_age = 0;       ///< those of dropped that had waited too long
};

/// Snapshot of one peer.
struct PeerView {
  std::optional<sctp::AssociationId> association;  ///< present: the peer is up
  /// Largest IP packet to the peer in bytes, see TunnelConfig::follow_paths; 0: the peer is down.
  std::size_t mtu = 0;
  std::size_t queue_bytes = 0;    ///< bytes that wait in the queue
  std::size_t queue_packets = 0;  ///< packets that wait in the queue
  Duration queue_wait{};          ///< how long bulk packets wait, smoothed; zero while none waits
  Duration realtime_wait{};       ///< how long real-time packets wait, smoothed; zero while none waits
  PeerCounters counters;          ///< since the tunnel was created
};

/// One packet device with its peers: moves IP packets between the device and the associations of an endpoint.
///
/// Owns the peers' queues and the assignment of associations to peers, which follows from the key that each
/// association's peer has proven. Uses a device and a protected endpoint with the same peers, which never
/// takes a message after the tunnel's end; the device outlives it. Never does other I/O, never reads a clock,
/// never begins an association: its user does, announces it by expect(), and passes on the endpoint's events.
/// A packet passes the functions in this order: read_device, (the peer's queue, from which the endpoint takes
/// it in poll_transmit, the network, the other endpoint), deliver.
class Tunnel {
 public:
  /// Most packets that one read or write of the device moves.
  static constexpr std::size_t kBatch = 64;
  /// Bytes. Paths never lower the MTU below this value, which IPv6 requires of every link (RFC 8200 §5).
  static constexpr std::size_t kMinMtu = 1280;
  /// So many full queues are the limit of the queues of all peers together.
  static constexpr std::size_t kQueues = 4;
  /// Most ICMP errors about packets to one peer in a burst.
  static constexpr std::int64_t kAnswerBurst = 50;
  /// Average time between ICMP errors about packets to one peer, at least: 100 per second.
  static constexpr Duration kAnswerInterval = std::chrono::milliseconds(10);

  /// Expects a `config` that keeps the rules of its comments; otherwise a repeated prefix or key belongs to
  /// the first peer that has it.
  Tunnel(TunnelConfig config, io::PacketDevice& device, sctp::Endpoint& endpoint, BufferPool& pool);

  /// Reads one batch from the device into the peers' queues, from which Endpoint::poll_transmit() takes them.
  /// Returns the number of packets; kBatch means that more may be waiting.
  std::size_t read_device(Timestamp now);
  /// Takes all messages from the endpoint and writes their IP packets to the device.
  void deliver();

  /// Replaces the peers. A position that has no peer is vacant: its packets are dropped. Positions of peers
  /// that stay must not change. Call it after Endpoint::set_peers(), whose events it still needs.
  void set_peers(const std::vector<std::optional<PeerConfig>>& peers);
  /// Announces an association that the user began to `peer`; call it directly after Endpoint::connect().
  void expect(sctp::AssociationId id, PeerIndex peer);
  /// Processes an event of the endpoint. Pass all events, in order, before deliver().
  void handle_event(Timestamp now, const sctp::Event& event);

  /// Number of positions of peers, vacant ones included.
  [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
  /// Snapshot of a peer; `index` is below peer_count().
  [[nodiscard]] PeerView peer(PeerIndex index) const;
  /// Returns the peer with this public key, if there is one.
  [[nodiscard]] std::optional<PeerIndex> peer_with(const crypto::PublicKey& key) const;
  /// Returns the peer of an association; nothing: the association ended, was replaced, or never belonged to a
  /// peer.
  [[nodiscard]] std::optional<PeerIndex> peer_of(sctp::AssociationId id) const;
  /// The associations of all peers, including those that the user began and that are not up yet.
  [[nodiscard]] std::vector<sctp::AssociationId> associations() const;
  /// Drops since the tunnel was created.
  [[nodiscard]] const DropCounters& drops() const { return drops_; }

 private:
  /// State of one peer, or of a vacant position.
  struct Peer {
    std::optional<crypto::PublicKey> key;            ///< none: vacant
    bool dialled = false;                            ///< see PeerConfig::dialled
    bool refilled = false;                           ///< listed in refilled_
    std::optional<sctp::AssociationId> association;  ///< present: the peer is up
    std::unique_ptr<PeerQueue> queue;                ///< packets to the peer; the source of its association
    TokenBucket answers{};                           ///< limits ICMP errors
    std::size_t mtu = 0;                             ///< MTU to the peer in batch mtu_batch
    std::uint64_t mtu_batch = 0;                     ///< 0: mtu is unknown
    std::size_t settled_mtu =
        0;  ///< the last one that was not an assumption, of any association; 0: none yet
    PeerCounters counters;
  };
  /// An association of the endpoint and its peer.
  struct Binding {
    sctp::AssociationId id;
    PeerIndex peer;
    bool up = false;  ///< the peer has proven its key
  };

  void enqueue(Timestamp now, Buffer packet);
  [[nodiscard]] std::size_t mtu_towards(const Peer& peer) const;
  [[nodiscard]] std::size_t path_mtu_towards(const Peer& peer) const;
  std::size_t batch_mtu(Peer& peer);
  bool answer_too_big(Timestamp now, Peer& peer, const IpPacket& ip, Bytes packet);
  void clamp(Peer& peer, const IpPacket& ip, MutableBytes packet);
  void notify_refilled();
  void shed();
  void on_message(sctp::ReceivedMessage&& message);
  void on_ip_message(sctp::ReceivedMessage&& message);
  bool skip_partial(const sctp::ReceivedMessage& message);
  void flush_incoming();
  void drop(Peer& peer, Drop reason, std::uint64_t count = 1);
  void on_connected(Timestamp now, sctp::AssociationId id);
  void on_accepted(Timestamp now, sctp::AssociationId id);
  [[nodiscard]] std::optional<PeerIndex> proven_peer(sctp::AssociationId id) const;
  Binding& bind(sctp::AssociationId id, PeerIndex peer);
  void bring_up(Timestamp now, Binding& binding);
  void refuse(Timestamp now, sctp::AssociationId id, Drop reason, std::string_view text);
  [[nodiscard]] Binding* find(sctp::AssociationId id);
  void forget(sctp::AssociationId id);

  TunnelConfig config_;  ///< its peers are those of the start
  io::PacketDevice& device_;
  sctp::Endpoint& endpoint_;
  BufferPool& pool_;
  AllowedIps allowed_;
  DropCounters drops_;
  PacketStore store_;  ///< packets that wait, of all peers
  std::vector<Peer> peers_;
  std::vector<std::pair<crypto::PublicKey, PeerIndex>> by_key_;  ///< sorted
  std::vector<PeerIndex> refilled_;  ///< peers whose queue got packets in this batch
  std::vector<Binding> bindings_;    ///< sorted by id
  std::size_t last_binding_ = 0;     ///< position that find() checks first
  /// Streams with a message whose remaining parts are to be dropped.
  std::vector<std::pair<sctp::AssociationId, sctp::StreamId>> partial_;
  std::array<Buffer, kBatch> outgoing_;
  std::array<Buffer, kBatch> incoming_;
  std::array<Bytes, kBatch> incoming_bytes_;
  std::size_t incoming_count_ = 0;
  std::uint64_t batch_ = 0;  ///< number of the current batch, of either direction
};

}  // namespace hawser::tunnel
