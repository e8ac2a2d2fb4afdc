#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/message_source.hpp"
#include "tunnel/drops.hpp"
#include "tunnel/fq_codel.hpp"
#include "tunnel/ip_packet.hpp"
#include "tunnel/packet_store.hpp"
#include "tunnel/traffic_class.hpp"

namespace hawser::tunnel {

/// The packets that wait for one peer: the source from which its association takes its messages. A queue for
/// each class; a packet keeps the stream of its flow whatever its class. Owns the packets' order, their
/// classes and the counts of what left; never calls the endpoint.
class PeerQueue final : public sctp::MessageSource {
 public:
  /// Real-time packets are of no use when they are older.
  static constexpr Duration kRealtimeMaxAge = std::chrono::milliseconds(200);
  /// Other packets have been sent again by their hosts when they are older.
  static constexpr Duration kBulkMaxAge = std::chrono::seconds(1);
  /// How long a packet is sent and repaired since it was queued (PR-SCTP). Longer than its host waits, as a
  /// rule, before it sends the data again.
  static constexpr Duration kLifetime = std::chrono::milliseconds(1500);
  /// The same for a real-time packet that nobody sends again.
  static constexpr Duration kRealtimeLifetime = kRealtimeMaxAge;
  /// Most retransmissions of such a packet.
  static constexpr std::uint8_t kRealtimeRetransmissions = 2;

  /// Settings that hold for every peer.
  struct Config {
    std::size_t limit = 4U << 20;  ///< PacketStore::cost() of bulk packets; an eighth more of real-time ones
    std::uint64_t hash_seed = 0;   ///< unpredictable; seeds the flow hash
    bool copy_dscp = false;        ///< the datagrams of a packet have its DSCP
  };
  /// What happened since the queue was created or its counters were reset.
  struct Counters {
    std::uint64_t packets = 0;           ///< packets passed to the association
    std::uint64_t bytes = 0;             ///< bytes of `packets`
    std::uint64_t realtime_packets = 0;  ///< those of `packets` in the real-time class
    std::uint64_t marked = 0;            ///< packets marked CE
    std::uint64_t codel = 0;             ///< packets dropped by CoDel
    std::uint64_t overflow = 0;          ///< packets dropped at a limit
    std::uint64_t aged = 0;              ///< packets dropped because they were too old
  };

  /// An empty queue. `store` and `drops` outlive it.
  PeerQueue(const Config& config, PacketStore& store, DropCounters& drops);

  /// Adds a packet, whose header is `ip`.
  void push(Timestamp now, Buffer packet, const IpPacket& ip);
  /// Drops some of the oldest packets of the largest flow.
  void shed();
  /// Removes all packets; returns their number. They do not count as dropped.
  std::size_t clear();
  /// Adapts to a new association: streams 1 to `flow_streams` carry flows; 0: stream 0 does.
  void set_streams(std::uint32_t flow_streams) { flow_streams_ = flow_streams; }
  /// Adapts CoDel to the round trip of the association's paths; zero: not known. The queue of a bulk flow may
  /// last for a round trip: CUBIC (RFC 9438) needs three sevenths to fill the path with one flow, and more
  /// where paths lose and jitter.
  void set_round_trip(Duration round_trip);

  [[nodiscard]] bool waiting(sctp::TrafficClass traffic_class) const override {
    return queue_of(traffic_class).packets() != 0;
  }
  [[nodiscard]] std::size_t waiting_bytes() const override { return bytes(); }
  [[nodiscard]] bool next(Timestamp now, sctp::TrafficClass traffic_class,
                          sctp::OutgoingMessage& out) override;
  [[nodiscard]] bool next_behind(Timestamp now, std::size_t bytes, sctp::OutgoingMessage& out) override;
  [[nodiscard]] bool waiting_behind() const override { return bulk_.has_behind(); }

  /// Packets waiting.
  [[nodiscard]] std::size_t packets() const { return bulk_.packets() + realtime_.packets(); }
  /// Bytes waiting.
  [[nodiscard]] std::size_t bytes() const { return bulk_.bytes() + realtime_.bytes(); }
  /// PacketStore::cost() of the packets waiting.
  [[nodiscard]] std::size_t cost() const { return bulk_.cost() + realtime_.cost(); }
  /// What happened so far.
  [[nodiscard]] Counters counters() const;
  /// Sets all counts to zero.
  void reset_counters();
  /// The queue of a class.
  [[nodiscard]] const FqCodel& queue_of(sctp::TrafficClass traffic_class) const {
    return traffic_class == sctp::TrafficClass::realtime ? realtime_ : bulk_;
  }

 private:
  void hand_over(Timestamp now, QueuedPacket& packet, sctp::TrafficClass traffic_class,
                 sctp::OutgoingMessage& out);

  Config config_;
  TrafficClassifier classifier_;
  FqCodel realtime_;
  FqCodel bulk_;
  std::uint32_t flow_streams_ = 1;
  Counters sent_;  ///< without those of the queues
};

}  // namespace hawser::tunnel
