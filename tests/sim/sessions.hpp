#pragma once

#include <functional>
#include <optional>
#include <set>
#include <unordered_set>
#include <vector>

#include "sim/bond.hpp"

namespace hawser::sim {

/// The two users of a bond whose associations may be killed: the edge begins again as a dialer would, over
/// the next uplink, and adds its other uplinks; both talk all the time.
///
///     association k of the edge ──► messages on stream k only ──► so the hub, which gets no other name for
///     it,
///                                                                 learns which of its own it is
///
/// Owns the ledgers of what was said and knows what each end of each association has come to. Complains about
/// anything delivered that was not sent there, and about every end that nobody can answer for.
class Sessions {
 public:
  explicit Sessions(Bond& bond, std::uint64_t seed);

  void start();
  /// No more talk, and no more attempts.
  void stop() { stopped_ = true; }

  /// The present one, up on both sides and known to be the same; nothing otherwise.
  [[nodiscard]] std::optional<std::size_t> current() const;
  /// Whether it is up, and neither side is about to give the other up.
  [[nodiscard]] bool lively() const;
  /// What is sent from here on has arrived, both ways, in the present one.
  struct Mark {
    std::size_t session = 0;
    std::size_t up = 0;
    std::size_t down = 0;
  };
  [[nodiscard]] Mark mark() const;
  [[nodiscard]] bool works_since(const Mark& mark) const;
  [[nodiscard]] bool all_arrived() const;
  [[nodiscard]] std::string standing() const;

  [[nodiscard]] sctp::AssociationId edge_id() const { return sessions_.back().edge; }
  [[nodiscard]] sctp::AssociationId hub_id() const { return *sessions_.back().hub; }
  [[nodiscard]] std::size_t count() const { return sessions_.size(); }
  [[nodiscard]] std::uint64_t killed() const { return killed_; }
  [[nodiscard]] std::uint64_t messages() const { return up_.messages_arrived() + down_.messages_arrived(); }
  /// Whether the hub ever got something new from there, that is no replay.
  [[nodiscard]] bool hub_heard_from(const UdpAddress& remote) const {
    return hub_side_.sources.contains(remote);
  }
  [[nodiscard]] const std::vector<sctp::AssociationId>& accepted() const { return accepted_; }

 private:
  enum class End : std::uint8_t { alive, dead };
  struct Session {
    sctp::AssociationId edge;
    std::optional<sctp::AssociationId> hub;
    bool edge_up = false;
    End edge_end = End::alive;
    End hub_end = End::alive;
  };
  void dial();
  void talk();
  void say(Host& host, sctp::AssociationId id, std::size_t session, MessageLedger& ledger);
  void add_paths();
  void on_edge_event(const sctp::Event& event);
  void on_hub_event(const sctp::Event& event);
  void on_edge_message(const sctp::ReceivedMessage& message);
  void on_hub_message(const sctp::ReceivedMessage& message);
  void judge_end(Host& host, bool peer_dead, const sctp::Event& event);
  void watch_wire();
  [[nodiscard]] bool both_up(const Session& session) const { return session.edge_up && session.hub; }
  void complain(const std::string& what) { bond_.world().violations().add(bond_.world().now(), what); }

  Bond& bond_;
  SimRandom random_;
  MessageLedger up_;
  MessageLedger down_;
  std::vector<Session> sessions_;
  std::vector<sctp::AssociationId> accepted_;
  bool stopped_ = false;
  std::uint64_t killed_ = 0;
  /// When something of the peer, as the peer sent it and for the first time, came to each side last.
  struct Side {
    std::unordered_multiset<std::uint64_t> on_the_way;
    std::set<UdpAddress> sources;  ///< from where such have come
    Timestamp last_news{};
  };
  Side edge_side_;
  Side hub_side_;
};

}  // namespace hawser::sim
