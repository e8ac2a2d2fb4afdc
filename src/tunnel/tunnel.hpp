#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
#include "tunnel/packet_queue.hpp"

namespace hawser::tunnel {

struct PeerConfig {
  crypto::PublicKey key;              ///< no two peers have the same
  std::vector<IpPrefix> allowed_ips;  ///< no prefix belongs to two peers
  bool dialled = false;               ///< we connect to it; it does not connect to us
};

struct TunnelConfig {
  std::vector<PeerConfig> peers;
  std::size_t queue_bytes = 256U << 10;    ///< limit of each peer's queue
  std::size_t backlog_bytes = 128U << 10;  ///< what may wait, unsent, inside the association
  std::uint64_t hash_seed = 0;             ///< unpredictable; keys the flow hash
  /// The MTU towards a peer is what fits one datagram, if that is less than the device's: larger packets that
  /// nobody may fragment are answered. Otherwise it is the device's, and large packets travel in several
  /// chunks.
  bool follow_paths = true;
  bool mss_clamp = true;  ///< lower the MSS that TCP connections announce to the MTU towards the peer
};

struct PeerCounters {
  std::uint64_t tx_packets = 0;  ///< IP packets given to the association
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_packets = 0;  ///< IP packets from the peer given to the host
  std::uint64_t rx_bytes = 0;
  std::uint64_t dropped = 0;       ///< of the peer, in both directions, whatever the reason
  std::uint64_t associations = 0;  ///< that came up with this peer
  std::uint64_t replaced = 0;      ///< of these, how many took the place of a live one
  std::uint64_t mss_clamped = 0;   ///< SYNs of either direction whose MSS was lowered
};

struct PeerView {
  std::optional<sctp::AssociationId> association;  ///< present: the peer is up
  std::size_t mtu = 0;  ///< towards the peer, see TunnelConfig::follow_paths; 0: it is down
  std::size_t queue_bytes = 0;
  std::size_t queue_packets = 0;
  PeerCounters counters;
};

/// One packet device with its peers: moves IP packets between the device and the associations of an endpoint.
///
/// Owns the peers' queues and the knowledge of which association is whose, which follows from the key that
/// the association's peer has proven; uses the device and the endpoint, a protected one that knows the same
/// peers, which outlive it. Never does other I/O, never reads a clock, never begins an association: its
/// driver does, tells it by expect(), and hands it the endpoint's events. Life of a packet, in the order of
/// the functions: read_device, pump, (the endpoint of this side, the network, the endpoint of the other
/// side), deliver.
class Tunnel {
 public:
  static constexpr std::size_t kBatch = 64;
  /// Paths never lower the MTU below this, which IPv6 requires of every link (RFC 8200 §5).
  static constexpr std::size_t kMinMtu = 1280;
  /// ICMP errors about the packets to one peer: at most 100 a second, and 50 at once.
  static constexpr std::int64_t kAnswerBurst = 50;
  static constexpr Duration kAnswerInterval = std::chrono::milliseconds(10);

  /// `config` must be valid as its comments say: a prefix or a key given twice goes to the first peer.
  Tunnel(TunnelConfig config, io::PacketDevice& device, sctp::Endpoint& endpoint, BufferPool& pool);

  /// Reads one batch from the device into the peers' queues. Returns how many packets there were: kBatch
  /// means that more may wait.
  std::size_t read_device(Timestamp now);
  /// Moves queued packets into associations that have little waiting. True: something moved, poll_transmit
  /// has work.
  bool pump(Timestamp now);
  /// Takes every message from the endpoint and writes IP packets to the device.
  void deliver();

  /// The association that the driver began towards `peer`; call it right after Endpoint::connect().
  void expect(sctp::AssociationId id, PeerIndex peer);
  /// Every event of the endpoint, in order, before deliver().
  void handle_event(Timestamp now, const sctp::Event& event);

  [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
  [[nodiscard]] PeerView peer(PeerIndex index) const;
  /// The peer that has this public key.
  [[nodiscard]] std::optional<PeerIndex> peer_with(const crypto::PublicKey& key) const;
  /// The peer that the association belongs to; nothing: it is over, was replaced, or was never a peer's.
  [[nodiscard]] std::optional<PeerIndex> peer_of(sctp::AssociationId id) const;
  /// The associations of all peers, also those that the driver began and that are not up yet.
  [[nodiscard]] std::vector<sctp::AssociationId> associations() const;
  [[nodiscard]] const DropCounters& drops() const { return drops_; }

 private:
  struct Peer {
    bool dialled = false;
    bool busy = false;  ///< listed in busy_
    std::optional<sctp::AssociationId> association;
    std::uint32_t flow_streams = 1;  ///< streams 1 to flow_streams carry flows
    PacketQueue queue;
    TokenBucket answers{};
    std::size_t mtu = 0;          ///< as it was in batch mtu_batch
    std::uint64_t mtu_batch = 0;  ///< 0: not known
    PeerCounters counters;
  };
  /// An association of the endpoint and whose it is.
  struct Binding {
    sctp::AssociationId id;
    PeerIndex peer;
    bool up = false;  ///< the peer has proven its key
  };

  void enqueue(Timestamp now, Buffer packet);
  [[nodiscard]] std::size_t mtu_towards(const Peer& peer) const;
  std::size_t batch_mtu(Peer& peer);
  bool answer_too_big(Timestamp now, Peer& peer, const IpPacket& ip, Bytes packet);
  void clamp(Peer& peer, const IpPacket& ip, MutableBytes packet);
  bool pump_peer(Timestamp now, Peer& peer);
  bool send_packet(Timestamp now, Peer& peer, QueuedPacket&& packet);
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

  TunnelConfig config_;
  io::PacketDevice& device_;
  sctp::Endpoint& endpoint_;
  BufferPool& pool_;
  AllowedIps allowed_;
  std::vector<Peer> peers_;
  std::vector<std::pair<crypto::PublicKey, PeerIndex>> by_key_;  ///< sorted
  std::vector<PeerIndex> busy_;                                  ///< peers with packets waiting
  std::vector<Binding> bindings_;                                ///< sorted by id
  std::size_t last_binding_ = 0;                                 ///< where find() looks first
  std::vector<std::pair<sctp::AssociationId, sctp::StreamId>>
      partial_;  ///< messages whose rest is being dropped
  std::array<Buffer, kBatch> outgoing_;
  std::array<Buffer, kBatch> incoming_;
  std::array<Bytes, kBatch> incoming_bytes_;
  std::size_t incoming_count_ = 0;
  std::uint64_t batch_ = 0;  ///< counts batches of either direction
  DropCounters drops_;
};

}  // namespace hawser::tunnel
