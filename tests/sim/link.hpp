#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"
#include "sim/event_queue.hpp"
#include "sim/sim_random.hpp"

namespace hawser::sim {

/// A UDP datagram under way. There is no UDP checksum here: what the links damage reaches the engine, and
/// CRC32c has to catch it.
struct SimDatagram {
  UdpAddress source;
  UdpAddress destination;
  std::vector<std::byte> payload;
  /// A link flipped bits of it.
  bool damaged = false;
  /// No DF over IPv4; over IPv6 its source has fragmented it already, to packets of 1280 bytes.
  bool may_fragment = false;

  /// Size of the IP packet: what links and MTUs count.
  [[nodiscard]] std::size_t wire_size() const { return payload.size() + (source.ip.is_v4() ? 28 : 48); }
};

/// What a link does to the datagrams on it. May be changed at any time; what is already queued keeps its
/// fate.
struct LinkConfig {
  std::uint64_t rate = 0;                ///< bit/s; 0 is unlimited
  Duration delay{};                      ///< one way
  Duration jitter{};                     ///< up to this much more delay, without overtaking
  std::size_t queue_bytes = 128 * 1024;  ///< what does not fit is dropped at the tail
  std::size_t mtu = 9000;                ///< of the direction; larger packets vanish, and no ICMP tells of it
  bool fragments = true;                 ///< IPv4 packets that may be fragmented pass whatever their size
  double loss = 0;                       ///< probabilities, 0..1
  double reordering = 0;  ///< of being held back by `reordering_delay`, so that later ones overtake
  Duration reordering_delay = std::chrono::milliseconds(10);
  double duplication = 0;
  double corruption = 0;   ///< of 1 to 3 flipped bits
  bool blackhole = false;  ///< swallows everything, silently
};

struct LinkCounters {
  std::uint64_t offered = 0;
  std::uint64_t delivered = 0;
  std::uint64_t bytes_delivered = 0;  ///< IP bytes
  std::uint64_t lost = 0;             ///< by chance or blackhole
  std::uint64_t overflowed = 0;       ///< queue full
  std::uint64_t too_big = 0;
  std::uint64_t fragmented = 0;
  std::uint64_t damaged = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
};

/// One direction of a wire.
///
///               loss?          queue_bytes           rate            delay (+ jitter)
///    send ──► blackhole? ──► ░░░░▓▓▓▓▓▓▓▓▓▓▓ ──► one after another ─────────────────────► deliver
///             corrupt?          tail drop                           reordered: + extra delay
///             duplicate?
///
/// Owns the datagrams on it (as tasks of the queue) and its own random numbers. Never looks into a payload.
class Link {
 public:
  using Deliver = std::function<void(SimDatagram&&)>;

  Link(EventQueue& events, const LinkConfig& config, std::uint64_t seed, Deliver deliver)
      : events_(events), config_(config), random_(seed), deliver_(std::move(deliver)) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void send(SimDatagram&& datagram);

  [[nodiscard]] LinkConfig& config() { return config_; }
  [[nodiscard]] const LinkConfig& config() const { return config_; }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }

 private:
  [[nodiscard]] bool fits(const SimDatagram& datagram);
  void enqueue(SimDatagram&& datagram);
  void corrupt(SimDatagram& datagram);
  [[nodiscard]] Timestamp arrival(Timestamp sent);

  EventQueue& events_;
  LinkConfig config_;
  SimRandom random_;
  Deliver deliver_;
  LinkCounters counters_;
  Timestamp busy_until_{};
  Timestamp last_arrival_{};
};

}  // namespace hawser::sim
