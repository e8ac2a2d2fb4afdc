#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "sctp/path/delivery_rate.hpp"
#include "sctp/path/pmtu/search.hpp"
#include "sctp/path/reorder_window.hpp"
#include "sctp/path/sent_packets.hpp"

namespace hawser::sctp::path {

/// No TSN; the end of the per-path lists of outstanding chunks.
inline constexpr std::uint64_t kNoTsn = ~std::uint64_t{0};

/// What is in flight on one path: its packets, and the list of their chunks in the order they were sent.
/// Owns the packets, the ends of the list and the state of loss detection; tx::Outstanding owns the chunks.
/// Only tx::LossRecovery starts and stops the timers.
struct PathFlight {
  std::size_t bytes = 0;          ///< of IP packets with DATA in flight
  std::uint64_t oldest = kNoTsn;  ///< head of the list in send order
  std::uint64_t newest = kNoTsn;  ///< tail
  SentPackets sent;
  DeliveryRate rate;
  ReorderWindow reorder;

  PacketNumber first_loose;  ///< no loose packet is before it
  std::size_t loose = 0;     ///< loose packets

  PacketNumber largest_acked;  ///< highest number of a packet with an acknowledged chunk
  Duration rtt_of_largest{};   ///< its round trip, with the delay of the acknowledgement
  PacketNumber recovery_end;   ///< losses of packets below it count for the last window reduction

  /// The packets that were declared lost since the last window reduction, and those of them that arrived: if
  /// all did, the reduction was spurious.
  struct Reduction {
    PacketNumber first;       ///< packets before it belong to an earlier reduction
    std::size_t lost = 0;     ///< declared lost
    std::size_t arrived = 0;  ///< arrived nevertheless
  } reduction;

  Timestamp loss_deadline = kNever;   ///< when the oldest chunk counts as lost by time (RACK)
  Timestamp probe_deadline = kNever;  ///< when a tail loss probe is due (RFC 8985 §7)
  Timestamp t3 = kNever;              ///< T3-rtx
  Timestamp probe_sent = kNever;      ///< when the tail loss probe left that is not answered; kNever: none
  bool probe_due = false;             ///< a tail loss probe is to be sent now

  Timestamp last_sent = Timestamp::min();   ///< when the newest packet with DATA left
  Timestamp last_acked = Timestamp::min();  ///< when a chunk that was sent once, here, was last acknowledged

  /// When the newest packet that the peer has reported arrived, by its clock; kNever: not in the SACK that is
  /// being processed.
  Timestamp reported_arrival = kNever;
  std::uint64_t reported_record = 0;  ///< RecordNumbers::key() of that packet

  /// What the SACK that is being processed acknowledges on this path.
  struct Acknowledged {
    std::size_t bytes = 0;                   ///< of IP packets
    std::size_t flight_before = 0;           ///< PathFlight::bytes before the SACK
    PacketNumber largest_before;             ///< PathFlight::largest_acked before the SACK
    PacketNumber newest;                     ///< newest packet with a newly acknowledged chunk; 0: none
    bool any = false;                        ///< a chunk in flight was acknowledged
    bool pseudo_cumulative = false;          ///< the oldest outstanding chunk was acknowledged (CUC)
    bool unambiguous = false;                ///< a chunk that was sent once: the path works
    PacketSize largest = PacketSize::small;  ///< of the packets of chunks that were sent once
    std::size_t largest_bytes = 0;           ///< of those that are not small
    Timestamp rtt_from = kNever;             ///< when the newest chunk that was sent once left
    /// When a chunk left that was sent once, was declared lost, and arrived late.
    Timestamp late_from = kNever;
    bool all_losses_arrived = false;  ///< every loss of the last reduction was spurious
  } acked;

  /// Whether losses before the last window reduction are still being repaired.
  [[nodiscard]] bool in_recovery() const { return largest_acked < recovery_end; }
  /// T3-rtx, if it runs, expires at `at` at the latest.
  void hasten_t3(Timestamp at) {
    if (t3 != kNever) t3 = std::min(t3, at);
  }
  /// Takes a packet out of the flight. Returns its bytes; 0: it was not in flight any more.
  std::size_t take_out(PacketNumber number) {
    SentPacket* packet = sent.find(number);
    if (packet == nullptr || !packet->in_flight) return 0;
    packet->in_flight = false;
    if (packet->loose) --loose;
    packet->loose = false;
    bytes -= packet->bytes;
    return packet->bytes;
  }
  /// The packet is in flight, but its chunks are acknowledged or in flight elsewhere: it has copies of
  /// chunks, or copies of its chunks have arrived before it. It leaves the flight when the peer reports it.
  void make_loose(PacketNumber number) {
    SentPacket* packet = sent.find(number);
    if (packet == nullptr || !packet->in_flight || packet->loose) return;
    packet->loose = true;
    first_loose = loose == 0 ? number : std::min(first_loose, number);
    ++loose;
  }
  /// A packet with DATA of `size` bytes leaves at `now`. `record`: RecordNumbers::key() of its record.
  void on_sent(Timestamp now, std::size_t size, std::uint64_t record) {
    SentPacket packet;
    rate.on_sent(packet, now, bytes == 0);
    bytes += size;
    packet.bytes = static_cast<std::uint32_t>(size);
    packet.flight = static_cast<std::uint32_t>(bytes);
    packet.record = record;
    packet.in_flight = true;
    sent.add(packet);
    last_sent = now;
  }
};

}  // namespace hawser::sctp::path
