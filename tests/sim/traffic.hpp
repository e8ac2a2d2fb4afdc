#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hawser/sctp/endpoint.hpp"
#include "sim/host.hpp"

namespace hawser::sim {

/// The messages that one side has sent to the other, and which of them have arrived.
///
///     next(stream, ordered?, size) ──► content = random bytes seeded by (ledger, stream, ordered?, index)
///                                      PPID    = index
///     accept(received) ──► the same bytes are made again and compared;
///                          ordered: the index is the next one; unordered: it has not arrived yet;
///                          with holes: ordered ones may be skipped, and arrive late
///
/// Owns the sizes of the sent messages and a mark for each that arrived, no content. Never calls an endpoint.
class MessageLedger {
 public:
  explicit MessageLedger(std::uint64_t seed) : seed_(seed) {}

  /// The content of the next message of this kind. It counts as sent only after sent().
  [[nodiscard]] Buffer next(BufferPool& pool, sctp::StreamId stream, bool unordered, std::size_t size) const;
  [[nodiscard]] sctp::Ppid next_ppid(sctp::StreamId stream, bool unordered) const;
  void sent(sctp::StreamId stream, bool unordered, std::size_t size);

  /// Takes an arrived message; returns an error text when it is wrong. Pieces of one message (`more`) are
  /// joined.
  [[nodiscard]] std::optional<std::string> accept(const sctp::ReceivedMessage& message);

  /// From now on ordered messages may be left out, and arrive after later ones if they are marked as late.
  void permit_holes() { holes_permitted_ = true; }

  [[nodiscard]] std::uint64_t messages_sent() const { return messages_sent_; }
  [[nodiscard]] std::uint64_t messages_arrived() const { return messages_arrived_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] std::uint64_t bytes_arrived() const { return bytes_arrived_; }
  /// How many messages of this ordered stream have arrived, or were sent.
  [[nodiscard]] std::size_t arrived_on(sctp::StreamId stream) const;
  [[nodiscard]] std::size_t sent_on(sctp::StreamId stream) const;
  [[nodiscard]] bool all_arrived() const { return messages_arrived_ == messages_sent_; }
  /// "3 of 10 messages arrived; stream 2 ordered lacks 1".
  [[nodiscard]] std::string summary() const;

 private:
  struct Lane {
    std::vector<std::uint32_t> sizes;  ///< by index
    std::vector<bool> seen;
    std::size_t next = 0;  ///< ordered: index expected next
    std::vector<std::byte> partial;
  };
  using LaneKey = std::pair<std::uint16_t, bool>;
  [[nodiscard]] std::optional<std::string> accept_whole(const LaneKey& key, Lane& lane,
                                                        const sctp::ReceivedMessage& message, Bytes content);
  [[nodiscard]] bool in_turn(const Lane& lane, const sctp::ReceivedMessage& message) const;
  void make_content(const LaneKey& key, std::size_t index, MutableBytes out) const;

  std::uint64_t seed_;
  bool holes_permitted_ = false;
  std::map<LaneKey, Lane> lanes_;
  std::vector<std::byte> expected_;
  std::uint64_t messages_sent_ = 0;
  std::uint64_t messages_arrived_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_arrived_ = 0;
};

/// One message that an Application is to send.
struct PlannedMessage {
  Duration at{};  ///< after start(); not before the messages planned earlier
  sctp::StreamId stream;
  bool unordered = false;
  std::size_t size = 1;
};

/// A user of one association: sends the planned messages as fast as the engine accepts them, and checks
/// arriving ones. Owns its plan. The ledgers, one per direction, are shared with the other user.
class Application {
 public:
  Application(EventQueue& events, Host& host, MessageLedger& out, MessageLedger& in, Violations& violations)
      : events_(events), host_(host), out_(out), in_(in), violations_(violations) {}

  void plan(const PlannedMessage& message) { plan_.push_back(message); }
  /// Keeps the send buffer full with messages of `size`, round robin over `streams`, from `first` up, until
  /// stop().
  void flood(std::size_t size, std::uint16_t streams, bool unordered = false, std::uint16_t first = 0);
  void stop() { flood_size_ = 0; }
  /// Starts to send in this association.
  void start(sctp::AssociationId id);

  void on_message(const sctp::ReceivedMessage& message);
  void on_writable() { pump(); }
  /// Sends as much as the plan and the engine allow.
  void pump();

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] bool done_sending() const { return started_ && next_ == plan_.size() && flood_size_ == 0; }
  /// The result of the last send().
  [[nodiscard]] sctp::SendResult last_result() const { return last_result_; }
  [[nodiscard]] Timestamp last_arrival() const { return last_arrival_; }
  /// The longest time between two arrivals since the last reset_gap().
  [[nodiscard]] Duration longest_gap() const { return longest_gap_; }
  void reset_gap();

 private:
  [[nodiscard]] bool send_one(const PlannedMessage& message);
  void wake_at(Timestamp when);

  EventQueue& events_;
  Host& host_;
  MessageLedger& out_;
  MessageLedger& in_;
  Violations& violations_;
  sctp::AssociationId id_;
  bool started_ = false;
  bool pumping_ = false;
  Timestamp start_{};
  std::vector<PlannedMessage> plan_;
  std::size_t next_ = 0;
  std::size_t flood_size_ = 0;
  std::uint16_t flood_first_ = 0;
  std::uint16_t flood_streams_ = 1;
  std::uint16_t flood_next_ = 0;
  bool flood_unordered_ = false;
  sctp::SendResult last_result_ = sctp::SendResult::ok;
  Timestamp last_arrival_{};
  Duration longest_gap_{};
};

}  // namespace hawser::sim
