#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "frame_pool.hpp"
#include "link_model.hpp"
#include "packet_socket.hpp"

namespace hawser::linkem {

/// Counts what happened to the frames that entered one direction.
struct Counters {
  std::uint64_t received = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t dropped_queue = 0;
  std::uint64_t dropped_codel = 0;
  std::uint64_t marked = 0;  ///< by CoDel, instead of a drop
  std::uint64_t dropped_policer = 0;
  std::uint64_t dropped_loss = 0;
  std::uint64_t dropped_blackhole = 0;
  std::uint64_t dropped_send = 0;  ///< the receiving interface is down or overloaded
};

/// Counts deliveries by how late they were: the program is woken late, or the machine is too busy.
class Lateness {
 public:
  static constexpr std::size_t kClasses = 12;
  static constexpr Duration kFirst = std::chrono::microseconds{125};

  void add(Duration late) {
    std::size_t index = 0;
    for (Duration limit = kFirst; index + 1 < kClasses && late > limit; limit *= 2) ++index;
    ++counts_[index];
  }
  /// Class n holds the deliveries that were at most kFirst · 2^n late; the last class holds the others.
  const std::array<std::uint64_t, kClasses>& counts() const { return counts_; }

 private:
  std::array<std::uint64_t, kClasses> counts_{};
};

/// One direction of the wire. Owns the frames in flight and the model that times them; borrows the two
/// sockets and the pool.
class Direction {
 public:
  Direction(PacketSocket& from, PacketSocket& to, FramePool& pool, std::uint64_t seed)
      : from_(from), to_(to), pool_(pool), model_(seed) {}

  /// Reads waiting frames and decides what happens to each. Returns whether there were any.
  bool take_in();

  /// Sends the frames that are due at `now`. A blackhole also drops frames in flight.
  void release(Timestamp now);

  /// When the next frame is due; kNever when none is in flight.
  Timestamp next_due() const { return in_flight_.empty() ? kNever : in_flight_.front().delivery; }

  const LinkParameters& parameters() const { return model_.parameters(); }
  /// Applies new parameters, also to the packets that wait for serialisation.
  void set(const LinkParameters& parameters);
  std::uint64_t backlog() const { return model_.backlog(monotonic_now()); }
  std::size_t in_flight() const { return in_flight_.size(); }
  const Counters& counters() const { return counters_; }
  const Lateness& lateness() const { return lateness_; }
  PacketSocket& from() { return from_; }

 private:
  struct Scheduled {
    Timestamp departure;
    Timestamp delivery;
    Frame frame;
  };

  void judge(const Frame& frame);
  void schedule(const Scheduled& scheduled);
  void send_batch();

  PacketSocket& from_;
  PacketSocket& to_;
  FramePool& pool_;
  LinkModel model_;
  std::deque<Scheduled> in_flight_;  ///< sorted by delivery
  std::vector<Frame> arrived_;       ///< scratch space of take_in()
  std::vector<Frame> leaving_;       ///< scratch space of release()
  Counters counters_;
  Lateness lateness_;
};

/// A transparent layer-2 wire between two interfaces: two directions that share one pool of frames. Owns
/// sockets and frames, but no event loop.
class Wire {
 public:
  /// Switches the offloads of both interfaces off. Throws std::system_error.
  Wire(const std::string& a, const std::string& b, std::uint64_t seed);

  Direction& a2b() { return a2b_; }
  Direction& b2a() { return b2a_; }

  /// Moves frames in both directions; returns whether any arrived.
  bool run_once();
  Timestamp next_due() const { return std::min(a2b_.next_due(), b2a_.next_due()); }
  int fd_a() const { return a_.fd(); }
  int fd_b() const { return b_.fd(); }

 private:
  PacketSocket a_;
  PacketSocket b_;
  FramePool pool_;
  Direction a2b_;
  Direction b2a_;
};

}  // namespace hawser::linkem
