#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp::rx {

/// The complete ordered messages that wait for their turn, each known by the TSN of its first fragment. Finds
/// them by stream and SSN, and by the time at which they began to wait.
///
/// Owns an index, no payload: a ring of entries by TSN, and for each stream the head of a list. Never decides
/// whose turn it is. Every call costs O(1), or as stated there. TSNs and SSNs are unwrapped.
class WaitingMessages {
 public:
  /// No TSN and no SSN: unwrapped numbers are never that small.
  static constexpr std::uint64_t kNone = 0;

  /// Makes room for the TSNs of [floor, floor + size), which include all that wait now. `size` is a power of
  /// two. Costs O(size).
  void grow(std::uint64_t floor, std::size_t size);
  /// Adds a message, whose TSN is within the range of grow(). `timed`: oldest() returns it. False: the stream
  /// has a message with this SSN already, and nothing was added. Costs at most O(streams): SSNs of one stream
  /// that are in flight together never share a bucket.
  [[nodiscard]] bool add(std::uint64_t tsn, StreamId stream, std::uint64_t ssn, Timestamp now, bool timed);
  /// Removes the message with this SSN. Returns its TSN, or kNone. Costs at most O(streams).
  std::uint64_t take(StreamId stream, std::uint64_t ssn);
  /// Whether the message with this SSN waits. Costs at most O(streams).
  [[nodiscard]] bool holds(StreamId stream, std::uint64_t ssn) const { return find(stream, ssn) != kNone; }
  /// How many messages of the stream wait.
  [[nodiscard]] std::size_t count(StreamId stream) const { return head(stream).count; }
  /// The lowest SSN of the stream that waits, above `after`; at least one does. Costs at most O(the smaller
  /// of its distance and count(stream)).
  [[nodiscard]] std::uint64_t lowest(StreamId stream, std::uint64_t after) const;
  /// When the message of the stream that waits longest began to wait; at least one waits.
  [[nodiscard]] Timestamp waiting_since(StreamId stream) const { return at(head(stream).oldest).since; }

  /// When the timed message that waits longest began to wait; kNever: there is none.
  [[nodiscard]] Timestamp oldest_since() const { return oldest_ == kNone ? kNever : at(oldest_).since; }
  /// The stream of the timed message that waits longest; there is one.
  [[nodiscard]] StreamId oldest_stream() const { return at(oldest_).stream; }
  /// The timed message that waits longest, which there is, begins to wait now.
  void restart_oldest(Timestamp now);

 private:
  /// Neighbours in a ring of messages in the order in which they began to wait; kNone: in no ring.
  struct Links {
    std::uint64_t newer = kNone;
    std::uint64_t older = kNone;
  };
  /// A message that waits, or an unused entry.
  struct Entry {
    std::uint64_t tsn = kNone;  ///< kNone: unused
    std::uint64_t ssn = kNone;
    std::uint64_t next_in_bucket = kNone;
    Timestamp since{};
    Links by_time;    ///< all timed messages
    Links by_stream;  ///< all messages of the stream
    StreamId stream;
  };
  /// The messages of one stream.
  struct Head {
    std::uint64_t oldest = kNone;
    std::uint32_t count = 0;
  };

  [[nodiscard]] Entry& at(std::uint64_t tsn) { return entries_[tsn & (entries_.size() - 1)]; }
  [[nodiscard]] const Entry& at(std::uint64_t tsn) const { return entries_[tsn & (entries_.size() - 1)]; }
  [[nodiscard]] Head head(StreamId stream) const {
    return stream.value() < heads_.size() ? heads_[stream.value()] : Head{};
  }
  [[nodiscard]] std::size_t bucket(StreamId stream, std::uint64_t ssn) const;
  [[nodiscard]] std::uint64_t find(StreamId stream, std::uint64_t ssn) const;
  void unlink_from_bucket(const Entry& entry);
  void append(std::uint64_t& oldest, Links Entry::*ring, std::uint64_t tsn);
  void remove(std::uint64_t& oldest, Links Entry::*ring, std::uint64_t tsn);

  std::vector<Entry> entries_;          ///< entry of TSN t: t modulo the size, a power of two
  std::vector<std::uint64_t> buckets_;  ///< chains of messages, by stream and SSN
  std::vector<Head> heads_;             ///< of the streams up to the highest one that ever had a message here
  std::uint64_t oldest_ = kNone;        ///< of the timed messages
};

}  // namespace hawser::sctp::rx
