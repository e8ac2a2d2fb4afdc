#include "sctp/path/congestion/policer.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

constexpr std::size_t kManyPackets = 8;
constexpr std::size_t kFewPackets = 3;
constexpr int kRounds = 2;
constexpr int kQuietRounds = 8;         // without a loss end a span
constexpr double kExcess = 0.08;        // lost part beyond the usual one
constexpr double kSlightExcess = 0.01;  // where the rate of the policer is known
constexpr double kStep = 1.02;
constexpr double kCorrection = 0.95;
constexpr double kLeast = 0.6;  // of the measured rate; a policer would pass that
constexpr Duration kFirstHold = std::chrono::seconds(1);
constexpr Duration kLongestHold = std::chrono::seconds(8);
constexpr Duration kDismissal = std::chrono::seconds(10);

}  // namespace

Policer::Verdict Policer::on_ack(const AckSample& ack, std::size_t packet_size, double usual) {
  if (ack.lost != 0) on_loss(ack);
  const bool again = known(ack.now);
  if (lost_ < (again ? kFewPackets : kManyPackets) * packet_size) return Verdict::none;
  const Duration took = ack.now - since_;
  if (!again && took < kRounds * ack.srtt) return Verdict::none;
  const bool exceeded = exceeds((holds(ack.now) ? kSlightExcess : kExcess) + 2 * usual, ack);
  lost_ = 0;
  if (!exceeded || ack.now < dismissed_until_) return Verdict::none;
  if (holds(ack.now)) return correct(ack.now);
  if (again) {
    begin_hold(ack.now, std::min(2 * hold_, kLongestHold));
    return Verdict::exceeded;
  }
  rate_ = first_rate_ =
      static_cast<double>(ack.delivered - delivered_) * 1e9 / static_cast<double>(took.count());
  seeks_ = true;
  begin_hold(ack.now, kFirstHold);
  return Verdict::found;
}

// The first measurement may be too low, because it is short.
void Policer::on_cycle() {
  if (seeks_) rate_ *= kStep;
}

// What left before the rate was lowered may still be lost.
void Policer::on_loss(const AckSample& ack) {
  if (ack.now < held_since_ + kRounds * ack.srtt) return;
  if (lost_ == 0 || ack.now - last_loss_ > kQuietRounds * ack.srtt) {
    since_ = ack.now;
    delivered_ = ack.delivered;
    lost_ = 0;
  }
  last_loss_ = ack.now;
  lost_ += ack.lost;
}

bool Policer::exceeds(double part, const AckSample& ack) const {
  const auto lost = static_cast<double>(lost_);
  return lost >= part * (static_cast<double>(ack.delivered - delivered_) + lost);
}

void Policer::begin_hold(Timestamp now, Duration length) {
  hold_ = length;
  held_since_ = now;
  hold_until_ = now + length;
}

// Losses at the rate that was found. If they do not end at a lower one, they have another reason.
Policer::Verdict Policer::correct(Timestamp now) {
  seeks_ = false;
  rate_ *= kCorrection;
  if (rate_ >= kLeast * first_rate_) return Verdict::exceeded;
  hold_until_ = {};
  dismissed_until_ = now + kDismissal;
  return Verdict::none;
}

}  // namespace hawser::sctp::path
