#pragma once

#include <cstdint>

#include "hawser/base/datagram.hpp"
#include "hawser/sctp/status.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/path_ack.hpp"

namespace hawser::sctp::path {

/// Whether packets with DATA leave a path with ECT(0), and how many of them were marked on their way. Tests
/// with the first ones whether the path carries the ECN field (as RFC 9000 §13.4.2): the counts in the peer's
/// PATH ACKs show it. Stops marking packets permanently, until the path leads through another network, when
/// - packets arrive without the field (`cleared`),
/// - all of the first packets are lost, while the path works otherwise (`lost`),
/// - the counts are impossible, or every packet is marked (`mangled`).
/// Owns the counts; never changes a window.
class EcnValidation {
 public:
  /// `enabled`: the path is tested; otherwise its state stays `off`.
  explicit EcnValidation(bool enabled) : state_(enabled ? EcnState::testing : EcnState::off) {}

  /// The field for the next packets with DATA. `timeouts`: how often T3-rtx has expired on the path.
  [[nodiscard]] Ecn next_field(std::uint64_t timeouts);
  /// A packet with DATA leaves with the field of next_field().
  void on_sent() { ++(marking() ? ect_sent_ : plain_sent_); }
  /// The peer reports the records of this path that arrived. Older reports than the newest change nothing.
  void on_report(const wire::PathAckEntry& report);
  /// Begins again: the path leads through another network.
  void restart();

  /// The marks reported since the last call. They call for the reaction to a loss (RFC 3168 §5).
  [[nodiscard]] std::uint64_t take_new_marks();
  /// The result of the test so far.
  [[nodiscard]] EcnState state() const { return state_; }
  /// The marks reported so far.
  [[nodiscard]] std::uint64_t marks() const { return marks_; }

 private:
  [[nodiscard]] bool marking() const { return state_ == EcnState::testing || state_ == EcnState::capable; }
  void judge();

  EcnState state_;
  wire::PathAckEntry newest_{};  ///< the newest report; of other records than those of the path at first
  bool any_report_ = false;
  std::uint64_t ect_sent_ = 0;    ///< packets that left with ECT(0) since the test began; so are the others
  std::uint64_t plain_sent_ = 0;  ///< packets that left without, and may still arrive
  std::uint64_t arrived_ = 0;
  std::uint64_t ect_arrived_ = 0;  ///< with ECT(0) or CE
  std::uint64_t ce_arrived_ = 0;
  std::uint64_t timeouts_ = 0;
  unsigned silent_timeouts_ = 0;  ///< without any packet that arrived
  std::uint64_t marks_ = 0;
  std::uint64_t marks_taken_ = 0;
};

}  // namespace hawser::sctp::path
