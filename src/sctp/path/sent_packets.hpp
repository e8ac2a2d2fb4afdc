#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/strong.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// Number of a packet with DATA on one path, in the order of sending, from 1. It is not on the wire.
using PacketNumber = Strong<struct PacketNumberTag, std::uint64_t>;

/// What had been delivered on a path when a packet left there (DeliveryRate).
struct DeliveryPoint {
  std::uint64_t bytes = 0;         ///< delivered so far
  Timestamp acked_at{};            ///< when the newest delivered packet was acknowledged
  Timestamp sent_at{};             ///< when that packet left
  Timestamp received_at = kNever;  ///< when it arrived, by the peer's clock; kNever: not known
};

/// A packet with DATA that left on a path.
struct SentPacket {
  Timestamp sent_at{};
  DeliveryPoint before;      ///< what had been delivered when it left
  std::uint64_t record = 0;  ///< RecordNumbers::key() of its record; 0 in plain SCTP
  std::uint32_t bytes = 0;   ///< of the IP packet
  std::uint32_t flight = 0;  ///< bytes in flight on the path with this packet
  bool in_flight = false;    ///< neither acknowledged nor declared lost
  bool loose = false;        ///< in flight, but no chunk in flight is known by it (PathFlight::make_loose)
  bool app_limited = false;  ///< too little data waited to use the path
};

/// The packets with DATA that left on ONE path and may still be acknowledged: a ring indexed by packet
/// number. Owns the numbers. It grows with the packets in flight, up to kMaxPackets, and shrinks in trim()
/// only.
class SentPackets {
 public:
  /// Most packets that are remembered. One that is older counts as gone.
  static constexpr std::size_t kMaxPackets = 65'536;

  /// Number of the next packet; no number is used twice.
  [[nodiscard]] PacketNumber next() const { return next_; }
  /// Remembers a packet as next(). Returns its place, which is valid until the next call.
  SentPacket& add(const SentPacket& packet);
  /// The packet, while it is remembered; null: it is not, or never left.
  [[nodiscard]] SentPacket* find(PacketNumber number) { return remembered(number) ? &at(number) : nullptr; }
  /// The packet with the record `key`; null: it is not remembered.
  [[nodiscard]] const SentPacket* find_record(std::uint64_t key);
  /// Packets before `oldest` are neither in flight nor of interest any more, so the ring need not hold them.
  void forget_before(PacketNumber oldest);
  /// Forgets all packets, none of which is in flight, and gives back the memory of the ring.
  void trim();
  /// Whether another packet would displace one that may be in flight.
  [[nodiscard]] bool full() const { return next_.value() - oldest_.value() >= kMaxPackets; }

 private:
  static constexpr std::size_t kFirstCapacity = 16;
  [[nodiscard]] bool remembered(PacketNumber number) const {
    return number < next_ && number.value() + ring_.size() >= next_.value() && number.value() != 0;
  }
  [[nodiscard]] SentPacket& at(PacketNumber number) { return ring_[number.value() & (ring_.size() - 1)]; }
  void grow();

  std::vector<SentPacket> ring_ = std::vector<SentPacket>(kFirstCapacity);
  PacketNumber next_{1};
  PacketNumber oldest_{1};  ///< no packet in flight is older
};

}  // namespace hawser::sctp::path
