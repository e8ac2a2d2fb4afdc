#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/message_source.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {

/// Limits a rate that may change: bytes cost time, and at most `burst` of it may be owed. Owns one time
/// stamp; never reads a clock.
class RateMeter {
 public:
  /// Counts `bytes` at `rate` bytes per second. False: more than `burst` would be owed, and nothing is
  /// counted.
  [[nodiscard]] bool take(Timestamp now, std::size_t bytes, double rate, Duration burst);
  /// As take(), but a failure lasts: `penalty` beyond `burst` is owed then, and bytes go on counting.
  [[nodiscard]] bool take_or_exclude(Timestamp now, std::size_t bytes, double rate, Duration burst,
                                     Duration penalty);
  /// Owes `penalty` beyond `burst`.
  void exclude(Timestamp now, Duration burst, Duration penalty) { paid_ = now + burst + penalty; }

 private:
  Timestamp paid_ = Timestamp::min();  ///< when nothing is owed
};

/// Chooses the class of each packet to one peer. Real-time are flows with a DSCP for it, small packets of
/// ICMP and DNS, and UDP flows of small packets at a low rate, such as telephony and games. A flow that sends
/// more than a real-time flow has to, and flows beyond the share of the class, are bulk, so that marking
/// packets gains nothing and starves no flow. Owns the meters, and no packet.
class TrafficClassifier {
 public:
  /// Number of flows that are metered apart; others share a meter.
  static constexpr std::size_t kFlows = 1024;
  /// Bytes per second that the class may always have: 2 Mbit/s.
  static constexpr double kMinRate = 250'000;
  /// The share of the recent traffic that the class may have.
  static constexpr double kShare = 0.25;
  /// Bytes per second of a flow that has no DSCP for the class: 512 kbit/s.
  static constexpr double kSmallFlowRate = 64'000;

  /// The class of a packet of flow `flow`, below kFlows. `behind_bulk`: bulk packets of the flow wait, which
  /// it must not overtake.
  [[nodiscard]] sctp::TrafficClass classify(Timestamp now, const IpPacket& packet, std::uint16_t flow,
                                            bool behind_bulk);
  /// Notes that `bytes` of any class have left for the peer.
  void on_sent(Timestamp now, std::size_t bytes);
  /// Bytes per second that the class may have now.
  [[nodiscard]] double rate() const;

 private:
  std::vector<RateMeter> flows_;  ///< empty before the first packet that may be real-time
  RateMeter all_;
  double recent_rate_ = 0;  ///< of all traffic, bytes per second
  std::size_t window_bytes_ = 0;
  Timestamp window_start_ = Timestamp::min();
};

/// Whether the DSCP asks for the real-time class: EF, VA, CS5 to CS7, AF41 to AF43 (RFC 4594, RFC 5865).
[[nodiscard]] bool is_realtime_dscp(std::uint8_t dscp);

}  // namespace hawser::tunnel
