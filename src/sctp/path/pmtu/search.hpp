#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"

namespace hawser::sctp::path {

/// The size class of a packet: whether it still passes when the path MTU becomes smaller.
enum class PacketSize : std::uint8_t {
  small,   ///< up to the floor: passes on every path
  medium,  ///< up to the base of the search
  large,   ///< larger than the base: passes only where a probe has shown it
};

/// Packetization layer path MTU discovery of ONE path (RFC 8899): which size of IP packet is known to pass,
/// and which size to probe next. Owns the state of the search. Never sends: it returns the probe that is due
/// and gets its result. Needs no ICMP.
///
///          validated                base answered                no size left to try
///     start ────────► base ─────────────────────────► searching ─────────────────────► complete
///                       ▲ │ base is lost 3 times          ▲  ▲                             │
///            black hole │ └───────────────► error ────────┘  └─────────────────────────────┘
///                                           (576)    something larger passes     10 min
///
/// Sizes are those of whole IP packets in bytes, unless they are called payload, which is UDP payload. All
/// are multiples of four, like the sizes of SCTP packets.
class PmtuDiscovery {
 public:
  /// The states of the diagram (RFC 8899 §5.2).
  enum class State : std::uint8_t { base, searching, complete, error };

  /// BASE_PLPMTU (RFC 8899 §5.1.2): passes on every IPv6 link, and in practice on every IPv4 path.
  static constexpr std::size_t kBase = 1280;
  /// MIN_PLPMTU over IPv4: every host accepts it (RFC 1122 §3.3.2).
  static constexpr std::size_t kIpv4Floor = 576;
  /// MAX_PROBES: a size counts as failed after this many lost probes in a row.
  static constexpr unsigned kMaxProbes = 3;
  /// The search ends when the size could grow by no more than this.
  static constexpr std::size_t kGranularity = 8;
  /// PMTU_RAISE_TIMER: how long the search rests at a size below the largest.
  static constexpr Duration kRaiseInterval = std::chrono::minutes(10);
  /// How long the search rests after not even the base has passed.
  static constexpr Duration kErrorInterval = std::chrono::seconds(10);

  /// `remote` decides the header sizes and the floor, `config` the largest size.
  PmtuDiscovery(const IpAddress& remote, const EndpointConfig& config);

  /// UDP payload of the largest packet that `config` allows.
  [[nodiscard]] static std::size_t max_payload(const IpAddress& remote, const EndpointConfig& config);

  /// The state of the search.
  [[nodiscard]] State state() const { return state_; }
  /// The largest IP packet known to pass.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The largest UDP payload known to pass.
  [[nodiscard]] std::size_t payload() const { return payload_; }
  /// The largest UDP payload for control packets, at most that of the base: a black hole is detected by lost
  /// data only.
  [[nodiscard]] std::size_t safe_payload() const { return safe_payload_; }

  /// Whether the search has a first result: a probe larger than the base was answered or lost twice, or not
  /// even the base passes. Until then size() is an assumption, usually far too small.
  [[nodiscard]] bool has_result() const { return has_result_; }
  /// Whether the search has ended, so that size() is not about to grow.
  [[nodiscard]] bool settled() const { return state_ == State::complete || state_ == State::error; }

  // --- probes
  /// UDP payload of the probe that is due now; 0: none. `active`: the path is active; on any other path only
  /// the probe of verify() is due.
  [[nodiscard]] std::size_t due_probe(bool active) const;
  /// The due probe has left with `nonce`; it counts as lost after `patience`.
  void on_probe_sent(std::uint64_t nonce, Timestamp now, Duration patience);
  /// The probe with `nonce` was answered. False: it is not outstanding.
  bool on_probe_acked(std::uint64_t nonce, Timestamp now);
  /// When the last probe left.
  [[nodiscard]] Timestamp probe_sent_at() const { return probe_.sent_at; }
  /// Handles a lost probe and the raise timer. Returns whether a probe was lost. A loss while the path is not
  /// `active` does not count against the size.
  bool on_timeout(Timestamp now, bool active);
  /// The next deadline; kNever: none.
  [[nodiscard]] Timestamp next_timeout() const;

  // --- black holes (RFC 8899 §4.3)
  /// The size class of a packet with `payload` bytes of UDP payload.
  [[nodiscard]] PacketSize size_class(std::size_t payload) const {
    return payload > base_payload_    ? PacketSize::large
           : payload > floor_payload_ ? PacketSize::medium
                                      : PacketSize::small;
  }
  /// An IP packet of `bytes` was lost whose data was sent `transmissions` times. On a path that has carried
  /// more than the base, the loss of a medium packet counts only when the same data was lost repeatedly:
  /// which packets a full queue drops is chance and does not depend on size.
  void on_lost(PacketSize size, std::size_t bytes, unsigned transmissions);
  /// A packet of this size class arrived, an IP packet of `bytes`, so smaller packets pass as well. Ends
  /// verify() if smaller ones had been lost: their losses had another cause.
  void on_delivered(PacketSize largest, std::size_t bytes);
  /// The losses so far say nothing about the size any more.
  void forget_losses();
  /// Losses of packets of one size class since a packet of that class or a larger one was last delivered.
  [[nodiscard]] unsigned suspicious_losses() const { return std::max(medium_lost_, large_lost_); }
  /// Requests a probe of the current size, to check whether it still passes.
  void verify();
  /// Whether the probe of verify() is due or outstanding.
  [[nodiscard]] bool verifying() const { return verifying_; }
  /// A HEARTBEAT of ordinary size that left at `sent` was answered. True: it left after the probe of the
  /// current size, which was not answered, and so it was before: the search has fallen back to a smaller
  /// size, and all packets in flight are lost.
  bool on_small_answered(Timestamp sent, Timestamp now);
  /// The path has moved to another address: an outstanding probe no longer counts, and the size has to be
  /// verified at the new address.
  void on_moved();

 private:
  struct Probe {
    std::size_t size = 0;
    std::uint64_t nonce = 0;
    Timestamp sent_at{};
    Timestamp deadline = kNever;  ///< kNever: none is outstanding
  };
  static constexpr unsigned kLossesBeforeSuspicion = 3;
  static constexpr unsigned kLostBeforeResult = 2;  // one may be lost by chance
  static constexpr unsigned kProbesTooLarge = 2;    // one may be lost by chance
  static constexpr unsigned kMostExcused = 8;
  static constexpr std::size_t kNothing = ~std::size_t{0};

  [[nodiscard]] std::size_t payload_of(std::size_t size) const { return size - headers_; }
  [[nodiscard]] std::size_t candidate() const;
  void set_size(std::size_t size);
  void go_on(Timestamp now);
  void on_probe_lost(Timestamp now, bool active);
  void fall_back(Timestamp now);
  void end_verification();

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
  std::size_t due_ = 0;           ///< the size to probe as soon as possible; 0: none
  Probe probe_;
  Timestamp raise_at_ = kNever;
  unsigned lost_ = 0;  ///< lost probes of one size in a row
  unsigned medium_lost_ = 0;
  unsigned large_lost_ = 0;
  std::size_t smallest_lost_ = kNothing;  ///< IP packet, of the losses that count as suspicious
  State state_ = State::base;
  unsigned hopeful_lost_ = 0;  ///< lost probes of sizes above the base, while nothing above it has passed
  bool has_result_ = false;
  unsigned too_large_ = 0;    ///< lost probes of verify() behind which a HEARTBEAT passed
  unsigned excused_ = 0;      ///< lost probes of this size that did not count
  bool others_lost_ = false;  ///< packets with DATA were lost since the last probe left
  bool verifying_ = false;
};

}  // namespace hawser::sctp::path
