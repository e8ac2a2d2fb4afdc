#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/message_source.hpp"
#include "tunnel/codel.hpp"
#include "tunnel/drops.hpp"
#include "tunnel/packet_store.hpp"

namespace hawser::tunnel {

/// Packets that wait for room in one peer's association, by FQ-CoDel (RFC 8290): each flow has a queue of its
/// own, deficit round robin shares the rate among them, flows that have just begun come first, and CoDel
/// keeps the delay of each flow short. ECN-capable packets are marked where others are dropped. Packets that
/// are too old are dropped when their turn comes. A limit in bytes is only the backstop: beyond it, the flow
/// with the most bytes loses packets, the oldest that pop_behind() has not passed.
///
/// Owns the flows' queues; their packets are in a PacketStore that several queues share. A queue that was
/// never used costs no memory, and a flow without packets costs two bytes. Never reorders packets of a flow,
/// except for pop_behind().
class FqCodel {
 public:
  /// Number of flows that are kept apart; others share a queue (RFC 8290 §5.2).
  static constexpr std::size_t kFlows = 1024;
  /// Most packets of a flow that pop_behind() passes.
  static constexpr std::size_t kMostPassed = sctp::MessageSource::kMaxAhead;
  /// Settings of a queue.
  struct Config {
    std::size_t limit = 4U << 20;                ///< PacketStore::cost() of all packets, at most
    Duration max_age = std::chrono::seconds(1);  ///< older packets are dropped
  };
  /// What happened since the queue was created or its counters were reset.
  struct Counters {
    std::uint64_t marked = 0;    ///< packets marked CE
    std::uint64_t codel = 0;     ///< packets dropped by CoDel
    std::uint64_t overflow = 0;  ///< packets dropped at the limit
    std::uint64_t aged = 0;      ///< packets dropped because they were too old
  };

  /// An empty queue. `store` and `drops` outlive it.
  FqCodel(const Config& config, PacketStore& store, DropCounters& drops)
      : config_(config), store_(store), drops_(drops) {}
  ~FqCodel() { clear(); }
  FqCodel(const FqCodel&) = delete;
  FqCodel& operator=(const FqCodel&) = delete;

  /// Adds a packet, whose flow is below kFlows. At the limit, packets of the largest flow are dropped,
  /// perhaps this one.
  void push(QueuedPacket&& packet);
  /// Moves the packet whose turn it is to `out`. False: there is none, perhaps because all were dropped.
  [[nodiscard]] bool pop(Timestamp now, QueuedPacket& out);
  /// Moves a packet to `out` that is behind about `behind` bytes of others, and to `ahead` the number of
  /// ordered packets of its flow before it, which keep their places. A shorter queue gives its last packet.
  /// Packets that were passed leave by pop() only: without others, this is pop().
  [[nodiscard]] bool pop_behind(Timestamp now, std::size_t behind, QueuedPacket& out, std::size_t& ahead);
  /// Whether packets wait that pop_behind() has not passed.
  [[nodiscard]] bool has_behind() const { return packets_ != passed_; }
  /// Drops some packets of the largest flow, as at the limit: the oldest that pop_behind() has not passed.
  void shed();
  /// Removes all packets. They do not count as dropped.
  void clear();
  /// Sets all counts to zero.
  void reset_counters() { counters_ = {}; }
  /// Sets the parameters of CoDel, which hold for every flow.
  void set_codel(const CodelParameters& parameters) { codel_ = parameters; }

  /// Packets waiting.
  [[nodiscard]] std::size_t packets() const { return packets_; }
  /// Bytes waiting.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// PacketStore::cost() of the packets waiting.
  [[nodiscard]] std::size_t cost() const { return cost_; }
  /// Whether a packet of this flow waits.
  [[nodiscard]] bool holds(std::uint16_t flow) const;
  /// How long packets wait before they leave, smoothed; zero while none waits.
  [[nodiscard]] Duration sojourn() const { return packets_ == 0 ? Duration{} : sojourn_; }
  /// What happened so far.
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// The parameters of CoDel.
  [[nodiscard]] const CodelParameters& codel() const { return codel_; }
  /// Flows with memory of their own; for tests.
  [[nodiscard]] std::size_t flow_slots() const { return flows_.size(); }

 private:
  using Index = std::uint16_t;  ///< position in flows_
  static constexpr Index kNoFlow = 0xffff;
  /// The deficit that a flow gets in each round: about one packet of full size.
  static constexpr std::int32_t kQuantum = 1500;

  /// The packets of a flow before its cursor.
  struct Passed {
    std::size_t packets = 0;
    std::size_t ordered = 0;
    std::size_t bytes = 0;
  };
  /// The queue of one flow that is in a list.
  struct Flow {
    PacketStore::Slot head = PacketStore::kNone;
    PacketStore::Slot tail = PacketStore::kNone;
    std::size_t bytes = 0;
    /// Where pop_behind() goes on, if it has passed packets that wait: kNone is the end of the queue.
    PacketStore::Slot cursor = PacketStore::kNone;
    Passed passed;
    std::int32_t deficit = kQuantum;  ///< bytes that it may still send in this round
    Index next = kNoFlow;             ///< in its list, or in that of unused flows
    std::uint16_t number = 0;         ///< of the flow
    Codel codel;
  };
  /// A list of flows.
  struct List {
    Index head = kNoFlow;
    Index tail = kNoFlow;
  };

  Index flow_of(std::uint16_t number);
  Index new_flow(std::uint16_t number);
  void push_back(List& list, Index index);
  void pop_front(List& list);
  void leave(List& list, Index index);
  void end(Index index);
  void end_all();
  bool pop_of(Flow& flow, Timestamp now, QueuedPacket& out);
  void take(Flow& flow, QueuedPacket& out);
  void forget(Flow& flow, std::size_t size);
  Flow* deepest(std::size_t behind);
  void move_cursor(Flow& flow, std::size_t behind);
  void take_at_cursor(Flow& flow, QueuedPacket& out);
  bool drop_at_cursor(Flow& flow);
  void drop(Drop reason, std::uint64_t& counter);
  void note_sojourn(Duration sojourn) { sojourn_ += (sojourn - sojourn_) / 8; }

  Config config_;
  PacketStore& store_;
  DropCounters& drops_;
  CodelParameters codel_;
  std::vector<Index> by_number_;  ///< empty until the first packet
  std::vector<Flow> flows_;
  Index unused_ = kNoFlow;  ///< head of the list of unused flows
  List new_;                ///< flows that have just begun (RFC 8290 §4.2)
  List old_;                ///< other flows
  std::size_t active_ = 0;  ///< flows in the lists
  std::size_t passed_ = 0;  ///< packets before the cursors
  std::size_t packets_ = 0;
  std::size_t bytes_ = 0;
  std::size_t cost_ = 0;
  Duration sojourn_{};
  Counters counters_;
};

}  // namespace hawser::tunnel
