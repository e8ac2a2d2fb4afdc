#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"

namespace hawser::sctp::path {

/// Of a packet, by what may happen to it when the path MTU drops.
enum class PacketSize : std::uint8_t {
  small,   ///< passes everywhere
  medium,  ///< passes where the base of the search does
  large,   ///< passes only where that was found
};

/// Packetization layer path MTU discovery of ONE path (RFC 8899): which size of IP packet is known to pass,
/// and what to try next. Never sends: it says which probe is due and is advertised what became of it. Needs
/// no ICMP.
///
///            proven                 base answered                nothing left to try
///     start ────────► base ─────────────────────────► searching ─────────────────────► complete
///                       ▲ │ base is lost 3 times          ▲  ▲                             │
///            black hole │ └───────────────► error ────────┘  └─────────────────────────────┘
///                                           (576)    something larger passes     10 min
///
/// Sizes are of whole IP packets, in bytes, unless they are called payload. All are multiples of four, as
/// SCTP packets are.
class PmtuDiscovery {
 public:
  enum class State : std::uint8_t { base, searching, complete, error };

  /// BASE_PLPMTU (RFC 8899 §5.1.2): what every IPv6 link carries, and in practice every IPv4 path.
  static constexpr std::size_t kBase = 1280;
  /// MIN_PLPMTU over IPv4: what every host can take (RFC 1122 §3.3.2).
  static constexpr std::size_t kIpv4Floor = 576;
  /// MAX_PROBES: so many probes of one size in a row have to be lost.
  static constexpr unsigned kMaxProbes = 3;
  /// The search ends when it could win no more than this.
  static constexpr std::size_t kGranularity = 8;
  /// PMTU_RAISE_TIMER: how long a size below the largest is taken for the truth.
  static constexpr Duration kRaiseInterval = std::chrono::minutes(10);
  static constexpr Duration kErrorInterval = std::chrono::seconds(10);

  PmtuDiscovery(const IpAddress& remote, const EndpointConfig& config);

  /// UDP payload of the largest packet that `config` allows.
  [[nodiscard]] static std::size_t max_payload(const IpAddress& remote, const EndpointConfig& config);

  [[nodiscard]] State state() const { return state_; }
  /// The largest IP packet known to pass.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The largest UDP payload known to pass.
  [[nodiscard]] std::size_t payload() const { return payload_; }
  /// The largest UDP payload for what has to arrive in any case: its loss would not be noticed as that of
  /// data is.
  [[nodiscard]] std::size_t safe_payload() const { return safe_payload_; }

  // --- probes
  // ----------------------------------------------------------------------------------------------------
  /// UDP payload of the probe that is due now, 0: none. `active`: whether the path carries data; a failed one
  /// is only asked whether its size was the reason.
  [[nodiscard]] std::size_t due_probe(bool active) const;
  void on_probe_sent(std::uint64_t nonce, Timestamp now, Duration patience);
  /// False: it answers no probe that is under way.
  bool on_probe_acked(std::uint64_t nonce, Timestamp now);
  [[nodiscard]] Timestamp probe_sent_at() const { return probe_.sent_at; }
  /// The probe under way was given up, or it is time to search again. Returns whether a probe was lost. A
  /// loss while the path was not `active` says nothing about sizes.
  bool on_timeout(Timestamp now, bool active);
  [[nodiscard]] Timestamp next_timeout() const;

  // --- black holes (RFC 8899 §4.3)
  // -------------------------------------------------------------------------------
  [[nodiscard]] PacketSize size_class(std::size_t payload) const {
    return payload > base_payload_    ? PacketSize::large
           : payload > floor_payload_ ? PacketSize::medium
                                      : PacketSize::small;
  }
  /// `transmissions`: of what was in the packet. A path that was found to carry more than the base is
  /// suspected of not even carrying that only once the same data was lost again and again: what passes a full
  /// queue is a matter of chance, not of size.
  void on_lost(PacketSize size, unsigned transmissions);
  /// Smaller ones would have passed as well.
  void on_delivered(PacketSize largest);
  /// Suspicious losses of packets of one size since one of that size or larger was last delivered.
  [[nodiscard]] unsigned suspicious_losses() const { return std::max(medium_lost_, large_lost_); }
  /// Asks whether the present size still passes.
  void verify();
  [[nodiscard]] bool verifying() const { return verifying_; }
  /// A HEARTBEAT of ordinary size that left at `sent` was answered. True: it left after the probe of the
  /// present size, which was not: the path has fallen back, and what was in flight is lost.
  bool on_small_answered(Timestamp sent, Timestamp now);
  /// The path goes on at another address: what passes there has to be seen.
  void on_moved();

 private:
  struct Probe {
    std::size_t size = 0;
    std::uint64_t nonce = 0;
    Timestamp sent_at{};
    Timestamp deadline = kNever;  ///< kNever: none is under way
  };
  static constexpr unsigned kLossesBeforeSuspicion = 3;
  static constexpr std::size_t kNothing = ~std::size_t{0};

  [[nodiscard]] std::size_t payload_of(std::size_t size) const { return size - headers_; }
  [[nodiscard]] std::size_t candidate() const;
  void set_size(std::size_t size);
  void go_on(Timestamp now);
  void on_probe_lost(Timestamp now, bool active);
  void fall_back(Timestamp now);

  bool enabled_;
  std::size_t headers_;  ///< IP and UDP
  std::size_t floor_;
  std::size_t base_;
  std::size_t max_;
  std::size_t size_ = 0;
  std::size_t payload_ = 0;
  std::size_t safe_payload_ = 0;
  std::size_t base_payload_;
  std::size_t floor_payload_;
  std::size_t fails_ = kNothing;  ///< the smallest size known not to pass
  std::size_t due_ = 0;           ///< to be probed as soon as possible; 0: nothing
  Probe probe_;
  Timestamp raise_at_ = kNever;
  unsigned lost_ = 0;  ///< probes of due_ in a row
  unsigned medium_lost_ = 0;
  unsigned large_lost_ = 0;
  State state_ = State::base;
  bool verifying_ = false;
};

}  // namespace hawser::sctp::path
