#include "sim/inner/quic_receiver.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hawser::sim::inner {
namespace {

constexpr Duration kDelay = std::chrono::milliseconds(25);
constexpr unsigned kPacketsPerAck = 2;
// A socket buffer of 208 KB, the default of Linux, which counts 2,304 bytes for a packet from a TUN
// interface; and what a client needs to read and decrypt one.
constexpr int kSocketPackets = 92;
constexpr Duration kPerPacket = std::chrono::microseconds(10);

// Adds a number to disjoint ranges; false: it was there.
bool insert(std::map<std::uint64_t, std::uint64_t>& ranges, std::uint64_t number) {
  auto after = ranges.upper_bound(number);
  std::uint64_t begin = number;
  std::uint64_t end = number + 1;
  if (after != ranges.begin()) {
    const auto before = std::prev(after);
    if (before->second > number) return false;
    if (before->second == number) {
      begin = before->first;
      ranges.erase(before);
    }
  }
  if (after != ranges.end() && after->first == end) {
    end = after->second;
    ranges.erase(after);
  }
  ranges[begin] = end;
  return true;
}

}  // namespace

QuicReceiver::QuicReceiver(EventQueue& events, Send send)
    : events_(events), send_(std::move(send)), delayed_(events, [this] { acknowledge(); }) {}

void QuicReceiver::on_data(const QuicData& packet) {
  if (!fits_socket()) return;
  const std::uint64_t expected = ranges_.empty() ? 0 : ranges_.rbegin()->second;
  if (!note_number(packet.number)) {
    ++duplicates_;
    return;
  }
  if (packet.number >= expected) largest_arrived_ = events_.now();
  take_piece(packet.piece);
  ++unacknowledged_;
  if (packet.number != expected || unacknowledged_ >= kPacketsPerAck) return acknowledge();
  if (!delayed_.running()) delayed_.set(events_.now() + kDelay);
}

bool QuicReceiver::fits_socket() {
  const Timestamp now = events_.now();
  read_by_ = std::max(read_by_, now) + kPerPacket;
  if (read_by_ - now <= kSocketPackets * kPerPacket) return true;
  read_by_ -= kPerPacket;
  ++overflowed_;
  return false;
}

bool QuicReceiver::note_number(std::uint64_t number) {
  if (!insert(ranges_, number)) return false;
  while (ranges_.size() > QuicAck::kMaxRanges) ranges_.erase(ranges_.begin());
  return true;
}

void QuicReceiver::take_piece(std::uint64_t piece) {
  if (piece < next_piece_ || !insert(waiting_, piece)) {
    ++duplicates_;
    return;
  }
  if (waiting_.begin()->first != next_piece_) return;
  const std::uint64_t before = std::exchange(next_piece_, waiting_.begin()->second);
  waiting_.erase(waiting_.begin());
  if (on_pieces) on_pieces(next_piece_ - before);
}

void QuicReceiver::acknowledge() {
  delayed_.cancel();
  unacknowledged_ = 0;
  QuicAck ack;
  ack.delay = events_.now() - largest_arrived_;
  for (auto range = ranges_.rbegin(); range != ranges_.rend() && ack.count < QuicAck::kMaxRanges; ++range)
    ack.ranges[ack.count++] = {range->first, range->second};
  send_(ack);
}

}  // namespace hawser::sim::inner
