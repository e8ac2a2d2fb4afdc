#include "sctp/path/ecn.hpp"

#include <utility>

namespace hawser::sctp::path {
namespace {

// Packets after which a test ends: all of them lost, or all marked.
constexpr std::uint64_t kTestPackets = 10;
// After so many time-outs without an arrival, fewer packets end the test.
constexpr unsigned kSilentTimeouts = 2;
// Packets without the field that may be on their way when a test begins.
constexpr std::uint64_t kInFlight = 256;

std::uint16_t grown(std::uint16_t now, std::uint16_t before) {
  return static_cast<std::uint16_t>(now - before);
}

}  // namespace

Ecn EcnValidation::next_field(std::uint64_t timeouts) {
  const std::uint64_t expired = timeouts - std::exchange(timeouts_, timeouts);
  if (state_ == EcnState::testing && expired != 0 && arrived_ == 0 && ect_sent_ != 0) {
    silent_timeouts_ += static_cast<unsigned>(expired);
    if (silent_timeouts_ >= kSilentTimeouts || ect_sent_ >= kTestPackets) state_ = EcnState::lost;
  }
  return marking() ? Ecn::ect0 : Ecn::not_ect;
}

// Counts start from zero under new keys. Reports of the records before them that arrive later are not used:
// their packets count neither as arrived nor as marked.
void EcnValidation::on_report(const wire::PathAckEntry& report) {
  if (!std::exchange(any_report_, true) || newest_.record != report.record)
    newest_ = {.record = report.record};
  const std::uint16_t packets = grown(report.packets, newest_.packets);
  constexpr std::uint16_t kHalf = 1U << 15U;
  if (packets == 0 || packets >= kHalf) return;  // no news, or overtaken by a newer report
  const std::uint16_t ect = grown(report.ect, newest_.ect);
  const std::uint16_t ce = grown(report.ce, newest_.ce);
  newest_ = report;
  if (!marking()) return;
  if (ect > packets || ce > ect) {
    state_ = EcnState::mangled;
    return;
  }
  arrived_ += packets;
  ect_arrived_ += ect;
  ce_arrived_ += ce;
  judge();
  if (marking()) marks_ += ce;
}

void EcnValidation::judge() {
  if (ect_arrived_ > ect_sent_) {
    state_ = EcnState::mangled;
  } else if (ect_arrived_ + plain_sent_ < arrived_) {
    state_ = EcnState::cleared;
  } else if (state_ == EcnState::testing && ect_arrived_ > ce_arrived_) {
    state_ = EcnState::capable;
  } else if (state_ == EcnState::testing && ce_arrived_ >= kTestPackets) {
    state_ = EcnState::mangled;
  }
}

void EcnValidation::restart() {
  if (state_ == EcnState::off) return;
  const bool was_marking = marking();
  state_ = EcnState::testing;
  // Marked packets that are on their way still arrive as such; others do not show that the path clears them.
  ect_sent_ = was_marking ? ect_sent_ - ect_arrived_ : 0;
  plain_sent_ = was_marking ? 0 : kInFlight;
  arrived_ = ect_arrived_ = ce_arrived_ = 0;
  silent_timeouts_ = 0;
}

std::uint64_t EcnValidation::take_new_marks() {
  return marks_ - std::exchange(marks_taken_, marks_);
}

}  // namespace hawser::sctp::path
