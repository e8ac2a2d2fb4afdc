#include "sctp/rx/order_hold.hpp"

#include <algorithm>

namespace hawser::sctp::rx {
namespace {

// Added to the time that holes are expected to last, because arrivals come in bursts.
constexpr Duration kMargin = std::chrono::milliseconds(5);

}  // namespace

void OrderHold::on_filled(Timestamp now, Duration lasted) {
  age(now);
  if (lasted <= recent_) return;
  recent_ = std::min(lasted, max_);
  update();
}

void OrderHold::on_skipped(Timestamp since, StreamId stream, std::uint64_t first, std::uint64_t end) {
  ++holes_skipped_;
  skipped_[next_skipped_] = {since, first, end, stream};
  next_skipped_ = (next_skipped_ + 1) % skipped_.size();
}

void OrderHold::on_late(Timestamp now, StreamId stream, std::uint64_t ssn) {
  ++late_messages_;
  for (const Skipped& hole : skipped_) {
    if (hole.stream != stream || ssn < hole.first || ssn >= hole.end) continue;
    return on_filled(now, now - hole.since);
  }
}

void OrderHold::expect_repair(Timestamp now, Duration time) {
  age(now);
  if (time == expected_) return;
  expected_ = time;
  update();
}

// Begins another window when this one is over.
void OrderHold::age(Timestamp now) {
  if (now < window_end_) return;
  if (window_end_ != Timestamp::min()) {
    earlier_ = std::max(recent_, earlier_ / 4 * 3);
    recent_ = {};
    // Windows without a hole.
    for (Timestamp end = window_end_ + kWindow; end <= now && earlier_ > kMin; end += kWindow)
      earlier_ = earlier_ / 4 * 3;
  }
  window_end_ = now + kWindow;
  update();
}

void OrderHold::update() {
  const Duration longest = std::min(max_, std::max({recent_, earlier_, expected_}));
  current_ = std::min(max_, std::max(kMin, longest / 4 * 5 + kMargin));
}

}  // namespace hawser::sctp::rx
