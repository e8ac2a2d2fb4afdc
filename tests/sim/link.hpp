#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/time.hpp"
#include "sim/event_queue.hpp"
#include "sim/sim_random.hpp"

namespace hawser::sim {

/// A UDP datagram in transit. It has no UDP checksum: payloads that links damage reach the engine, and CRC32c
/// must detect them.
struct SimDatagram {
  UdpAddress source;
  UdpAddress destination;
  std::vector<std::byte> payload;
  /// A link flipped bits in it.
  bool damaged = false;
  /// The ECN field.
  Ecn ecn = Ecn::not_ect;
  /// IPv4: DF is clear. IPv6: the source has fragmented it already, to packets of 1280 bytes.
  bool may_fragment = false;
  /// The payload is a whole IP packet, which has no UDP header.
  bool whole_packet = false;

  /// The size of the IP packet in bytes; links and MTUs count it.
  [[nodiscard]] std::size_t wire_size() const {
    if (whole_packet) return payload.size();
    return payload.size() + (source.ip.is_v4() ? 28 : 48);
  }
};

/// The properties of one direction of a link. They may change at any time; queued datagrams keep the delivery
/// time they have.
struct LinkConfig {
  std::uint64_t rate = 0;                ///< bit/s; 0 is unlimited
  Duration delay{};                      ///< one way
  Duration jitter{};                     ///< additional delay up to this value, without reordering
  Duration deviation{};                  ///< standard deviation of a delay with normal distribution
  bool deviation_reorders = false;       ///< false: `deviation` keeps the order
  std::size_t queue_bytes = 128 * 1024;  ///< a datagram that does not fit is dropped (tail drop)
  std::size_t mtu = 9000;  ///< of this direction; larger packets are dropped without an ICMP message
  bool fragments = true;   ///< IPv4 packets that may be fragmented pass at any size
  double loss = 0;         ///< probability, 0..1; so are the three below
  double reordering = 0;   ///< of a delay by `reordering_delay`, so that later datagrams overtake
  Duration reordering_delay = std::chrono::milliseconds(10);
  double duplication = 0;
  double corruption = 0;                  ///< of 1 to 3 flipped bits
  bool blackhole = false;                 ///< drops everything silently
  std::uint64_t policer_rate = 0;         ///< bit/s; what exceeds it is dropped at once; 0: no policer
  std::size_t policer_burst = 16 * 1024;  ///< bytes that may exceed policer_rate
  std::size_t mark_above = 0;  ///< ECT datagrams that find more bytes in the queue get CE; 0: never
  bool clears_ecn = false;     ///< clears the ECN field
  bool drops_ect = false;      ///< drops datagrams with ECT or CE
  bool marks_all = false;      ///< every ECT datagram gets CE
};

/// The counters of one direction of a link, in datagrams unless stated otherwise.
struct LinkCounters {
  std::uint64_t offered = 0;
  std::uint64_t delivered = 0;
  std::uint64_t bytes_delivered = 0;  ///< IP bytes
  std::uint64_t lost = 0;             ///< at random, or by the blackhole
  std::uint64_t overflowed = 0;       ///< queue full
  std::uint64_t policed = 0;
  std::uint64_t too_big = 0;
  std::uint64_t fragmented = 0;
  std::uint64_t damaged = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t marked = 0;
};

/// One direction of a network link.
///
///               loss?          queue_bytes           rate            delay (+ jitter)
///    send ──► blackhole? ──► ░░░░▓▓▓▓▓▓▓▓▓▓▓ ──► one after another ─────────────────────► deliver
///             policer?          tail drop                           reordered: + extra delay
///             corrupt?
///             duplicate?
///
/// Owns the datagrams on it (as tasks of the queue) and its random numbers. Never interprets a payload.
class Link {
 public:
  using Deliver = std::function<void(SimDatagram&&)>;

  Link(EventQueue& events, const LinkConfig& config, std::uint64_t seed, Deliver deliver)
      : events_(events), config_(config), random_(seed), deliver_(std::move(deliver)) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Accepts a datagram at the near end; delivers it, or drops it and counts the drop.
  void send(SimDatagram&& datagram);

  /// Changes rate and queue; what waits leaves at the new rate, as far as its size counts in the queue.
  void set_rate(std::uint64_t rate, std::size_t queue_bytes);
  /// May be changed at any time.
  [[nodiscard]] LinkConfig& config() { return config_; }
  [[nodiscard]] const LinkConfig& config() const { return config_; }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  /// How long a datagram that is sent now waits in the queue.
  [[nodiscard]] Duration backlog() const {
    return busy_until_ > events_.now() ? busy_until_ - events_.now() : Duration::zero();
  }

 private:
  [[nodiscard]] bool fits(const SimDatagram& datagram);
  [[nodiscard]] bool conforms(const SimDatagram& datagram);
  [[nodiscard]] Duration normal_deviation();
  void enqueue(SimDatagram&& datagram);
  void corrupt(SimDatagram& datagram);
  void mark(SimDatagram& datagram, double queued_bytes);
  [[nodiscard]] Timestamp arrival(Timestamp sent);

  EventQueue& events_;
  LinkConfig config_;
  SimRandom random_;
  Deliver deliver_;
  LinkCounters counters_;
  Timestamp busy_until_{};
  Timestamp last_arrival_{};
  double policer_tokens_ = 0;  ///< bytes
  Timestamp policer_filled_{};
};

}  // namespace hawser::sim
