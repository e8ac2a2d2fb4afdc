#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/traffic.hpp"
#include "sim/world.hpp"

namespace hawser::sim {

/// One uplink of the edge: its links and its NAT.
struct UplinkSpec {
  LinkConfig up;
  LinkConfig down;
  /// nullopt: the edge has a public address on this uplink.
  std::optional<NatConfig> nat = NatConfig{};
  /// Uses the NAT (and public address) of this earlier uplink: a carrier's NAT.
  std::optional<std::size_t> shares_nat_of;
};

/// The network, the configurations and the keys of a Bond.
struct BondSpec {
  std::uint64_t seed = 1;
  std::vector<UplinkSpec> uplinks;
  std::size_t hub_addresses = 1;
  bool ipv6 = false;
  /// Both sides have keys, derived from the seed.
  bool sealed = false;
  bool preshared_key = false;
  std::optional<Duration> rekey_after;  ///< of the edge
  Duration least_rekey_interval = std::chrono::seconds(1);
  sctp::EndpointConfig edge;
  sctp::EndpointConfig hub;
  HostOptions edge_options;
  HostOptions hub_options;
};

/// The reference network: an edge with n uplinks and a hub with m addresses, one association between them,
/// traffic in both directions.
///
///      edge_app ──► edge ─┬─ uplink 0 ─ NAT 0 ─┬─ hub address 0 ─┬─ hub ──► hub_app
///               ◄──       ├─ uplink 1 ─ NAT 1 ─┤       …         │      ◄──
///                         └─ uplink n ─ …     ─┴─ hub address m ─┘
///
/// Owns the world and both users. The uplinks have all delays and limits; the links of the hub are ideal.
class Bond {
 public:
  explicit Bond(const BondSpec& spec);

  /// Initiates the association over `uplink`. Each user starts to send when its side is up.
  void connect(std::size_t uplink = 0, std::size_t hub_address = 0);
  /// connect(), then runs until both sides are up; false when that takes longer than `limit`.
  bool establish(std::size_t uplink = 0, Duration limit = std::chrono::seconds(30));
  /// Adds the path over `uplink`; nullopt when the endpoint refuses it.
  std::optional<sctp::PathId> add_path(std::size_t uplink, std::size_t hub_address = 0);
  /// add_path() for every uplink but the first, then runs until all paths are active on both sides.
  bool add_all_paths(Duration limit = std::chrono::seconds(30));

  void run_for(Duration span) { world_.events().run_for(span); }
  template <class Predicate>
  bool run_until(Duration limit, Predicate done) {
    return world_.events().run_until(world_.now() + limit, done);
  }

  /// The path of the edge, or of the hub, over this uplink; nullopt when there is none.
  [[nodiscard]] std::optional<sctp::PathStatus> edge_path(std::size_t uplink) const;
  [[nodiscard]] std::optional<sctp::PathStatus> hub_path(std::size_t uplink) const;
  /// Whether the path is active on both sides.
  [[nodiscard]] bool path_active(std::size_t uplink) const;
  [[nodiscard]] std::size_t active_paths(Host& host, sctp::AssociationId id) const;

  /// Gives the edge another address on this uplink, as DHCP or PPP may, and tells the endpoint.
  void readdress(std::size_t uplink);
  /// Makes both directions of the uplink a blackhole, or restores them.
  void set_blackhole(std::size_t uplink, bool on);
  [[nodiscard]] Nat& nat(std::size_t uplink) { return *edge_.access(uplink).nat; }
  [[nodiscard]] Link& up(std::size_t uplink) { return *edge_.access(uplink).up; }
  [[nodiscard]] Link& down(std::size_t uplink) { return *edge_.access(uplink).down; }
  [[nodiscard]] std::size_t uplinks() const { return uplinks_; }
  [[nodiscard]] std::size_t hub_addresses() const { return hub_addresses_; }
  [[nodiscard]] UdpAddress hub_address(std::size_t index) { return hub_.access(index).local; }

  [[nodiscard]] bool all_arrived() const { return up_.all_arrived() && down_.all_arrived(); }
  [[nodiscard]] bool finished_sending() const { return edge_app_.done_sending() && hub_app_.done_sending(); }
  [[nodiscard]] bool both_gone() {
    return edge_.endpoint().association_count() + hub_.endpoint().association_count() == 0;
  }
  /// Goodput in bit/s of the direction of `ledger` over the next `span` of simulated time.
  double measure(const MessageLedger& ledger, Duration span);
  /// Checks, after both sides have closed, that no timer, buffer or association is left. Adds violations.
  void check_ended();
  /// Checks that the buffers in use never exceeded what the windows allow. Adds violations.
  void check_memory();

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] Host& edge() { return edge_; }
  [[nodiscard]] Host& hub() { return hub_; }
  [[nodiscard]] MessageLedger& up_ledger() { return up_; }
  [[nodiscard]] MessageLedger& down_ledger() { return down_; }
  [[nodiscard]] Application& edge_app() { return edge_app_; }
  [[nodiscard]] Application& hub_app() { return hub_app_; }
  [[nodiscard]] sctp::AssociationId edge_id() const { return edge_id_; }
  [[nodiscard]] sctp::AssociationId hub_id() const { return hub_id_; }
  [[nodiscard]] const std::vector<sctp::Event>& edge_events() const { return edge_events_; }
  [[nodiscard]] const std::vector<sctp::Event>& hub_events() const { return hub_events_; }
  [[nodiscard]] static std::size_t count(const std::vector<sctp::Event>& events, sctp::Event::Kind kind);
  /// Hooks for tests; called after the bond has handled the event.
  std::function<void(const sctp::Event&)> on_edge_event;
  std::function<void(const sctp::Event&)> on_hub_event;

  [[nodiscard]] static IpAddress inside_address(std::size_t uplink, bool ipv6);
  [[nodiscard]] static IpAddress public_address(std::size_t number, bool ipv6);
  [[nodiscard]] static IpAddress hub_ip(std::size_t index, bool ipv6);

 private:
  void build_edge(const BondSpec& spec);
  void handle_edge_event(const sctp::Event& event);
  void handle_hub_event(const sctp::Event& event);
  void check_quiet(Host& host);

  World world_;
  bool ipv6_;
  Host& edge_;
  Host& hub_;
  MessageLedger up_;
  MessageLedger down_;
  Application edge_app_;
  Application hub_app_;
  sctp::AssociationId edge_id_;
  sctp::AssociationId hub_id_;
  bool edge_up_ = false;
  bool hub_up_ = false;
  unsigned readdressings_ = 0;
  std::vector<sctp::Event> edge_events_;
  std::vector<sctp::Event> hub_events_;
  std::size_t uplinks_;
  std::size_t hub_addresses_;
};

}  // namespace hawser::sim
