#pragma once

#include <functional>
#include <optional>
#include <set>
#include <unordered_set>
#include <vector>

#include "sim/bond.hpp"

namespace hawser::sim {

/// The two users of a bond whose associations may be killed: the edge connects again as a PeerConnection
/// would, over the next uplink, and adds its other uplinks; both sides send all the time.
///
///     association k of the edge ──► sends only on stream k ──► the hub learns from the stream which of its
///                                                              own associations it is
///
/// Owns the ledgers of the messages and knows the state of each end of each association. Reports a violation
/// for every delivered message that was not sent in that association, and for every end without a valid
/// reason.
class AssociationSeries {
 public:
  explicit AssociationSeries(Bond& bond, std::uint64_t seed);

  void start();
  /// Stops sending and connecting.
  void stop() { stopped_ = true; }

  /// The index of the current association when it is up on both sides; nullopt otherwise.
  [[nodiscard]] std::optional<std::size_t> current() const;
  /// Whether it is up, and neither side is close to its silence limit.
  [[nodiscard]] bool healthy() const;
  /// A point in the message streams, to check that messages sent after it arrive.
  struct Mark {
    std::size_t association = 0;
    std::size_t up = 0;
    std::size_t down = 0;
  };
  [[nodiscard]] Mark mark() const;
  /// Whether messages sent after `mark` have arrived in both directions in the current association.
  [[nodiscard]] bool works_since(const Mark& mark) const;
  [[nodiscard]] bool all_arrived() const;
  /// The state as text, for violations.
  [[nodiscard]] std::string standing() const;

  [[nodiscard]] sctp::AssociationId edge_id() const { return associations_.back().edge; }
  [[nodiscard]] sctp::AssociationId hub_id() const { return *associations_.back().hub; }
  [[nodiscard]] std::size_t count() const { return associations_.size(); }
  [[nodiscard]] std::uint64_t killed() const { return killed_; }
  [[nodiscard]] std::uint64_t messages() const { return up_.messages_arrived() + down_.messages_arrived(); }
  /// Whether the hub ever received something new, no replay, from this address.
  [[nodiscard]] bool hub_received_from(const UdpAddress& remote) const {
    return hub_side_.sources.contains(remote);
  }
  [[nodiscard]] const std::vector<sctp::AssociationId>& accepted() const { return accepted_; }

 private:
  /// Whether one end of an association still exists.
  enum class End : std::uint8_t { alive, dead };
  /// One association: its ids and the state of both ends.
  struct Association {
    sctp::AssociationId edge;
    std::optional<sctp::AssociationId> hub;
    bool edge_up = false;
    End edge_end = End::alive;
    End hub_end = End::alive;
  };
  void connect();
  void send_periodically();
  void send_message(Host& host, sctp::AssociationId id, std::size_t association, MessageLedger& ledger);
  void add_paths();
  void on_edge_event(const sctp::Event& event);
  void on_hub_event(const sctp::Event& event);
  void on_edge_message(const sctp::ReceivedMessage& message);
  void on_hub_message(const sctp::ReceivedMessage& message);
  void judge_end(Host& host, bool peer_dead, const sctp::Event& event);
  void watch_wire();
  [[nodiscard]] bool both_up(const Association& association) const {
    return association.edge_up && association.hub;
  }
  void complain(const std::string& what) { bond_.world().violations().add(bond_.world().now(), what); }

  Bond& bond_;
  SimRandom random_;
  MessageLedger up_;
  MessageLedger down_;
  std::vector<Association> associations_;
  std::vector<sctp::AssociationId> accepted_;
  bool stopped_ = false;
  std::uint64_t killed_ = 0;
  /// Per receiving side: when an original datagram of the peer last arrived for the first time.
  struct Side {
    std::unordered_multiset<std::uint64_t> in_transit;
    std::set<UdpAddress> sources;  ///< source addresses of such datagrams
    Timestamp last_news{};
  };
  Side edge_side_;
  Side hub_side_;
};

}  // namespace hawser::sim
