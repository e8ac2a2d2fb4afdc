// Runs one attack, stops the attacker, and records the violated invariants.
#include <algorithm>
#include <stdexcept>

#include "sim/association_series.hpp"
#include "sim/attack_campaign.hpp"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = sctp::Event::Kind;

// After this time, an association that was alive at the end of the attack has delivered new messages in both
// directions: the longest back-off (5 s), and the time to detect that a path has moved.
constexpr Duration kRepair = seconds(15);
// Otherwise the edge detects the dead association by silence (12 s after the last heartbeat), and connects
// again.
constexpr Duration kRevival = seconds(60);
constexpr Duration kAllPaths = seconds(90);
constexpr std::uint64_t kMaxEvents = 5'000'000;

/// Runs one plan. Owns the bond and the attacker.
class AttackRun {
 public:
  AttackRun(const AttackPlan& plan, const Traces& traces)
      : plan_(plan),
        edge_key_(private_key_of(2 * plan.seed).public_key()),
        bond_(plan.bond),
        attacker_(bond_.world(), plan.attacker, private_key_of(2 * plan.seed + 1).public_key(),
                  plan.seed ^ 0x6576'696c),
        associations_(bond_, plan.seed),
        off_path_(*IpAddress::parse("192.0.2.99")) {
    bond_.world().trace_to(traces);
    for (const std::size_t uplink : plan.tapped) attacker_.sit_on(bond_.edge().access(uplink));
    for (std::size_t i = 0; i < plan.bond.hub_addresses; ++i) attacker_.learn_hub(bond_.hub_address(i));
    bond_.world().own(off_path_,
                      [this](SimDatagram&&) { complain("the hub answers an unauthenticated sender"); });
  }

  AttackResult operator()() {
    try {
      play();
    } catch (const std::exception& error) {
      complain(error.what());
    }
    AttackResult result;
    result.violations = bond_.world().violations().list();
    result.figures = figures();
    return result;
  }

 private:
  void play() {
    const Timestamp start = bond_.world().now();
    schedule(start);
    associations_.start();
    watch_paths();
    if (!until(start + plan_.ends, [] { return false; })) attacker_.stop();
    attacking_ = false;
    expect_repair();
    expect_all_paths();
    expect_graceful_end();
  }

  void schedule(Timestamp start) {
    EventQueue& events = bond_.world().events();
    events.at(start + plan_.begins, [this] { attacker_.start(); });
    for (const Spell& spell : plan_.spells) {
      events.at(start + spell.from, [this, &spell] { begin(spell); });
      events.at(start + spell.to, [this, &spell] { end(spell); });
    }
    if (plan_.rebinding) events.at(start + plan_.ends / 2, [this] { rebind(); });
    if (plan_.unknown_edge) add_unknown_edge();
    strike_from_off_path();
  }

  void begin(const Spell& spell) {
    using Manner = Attacker::Manner;
    switch (spell.kind) {
      case Spell::Kind::outage: return attacker_.set_outage(true);
      case Spell::Kind::hijack_absorbed: return attacker_.hijack(true, Manner::absorb);
      case Spell::Kind::hijack_relayed: return attacker_.hijack(true, Manner::relay);
      case Spell::Kind::hijack_reflected: return attacker_.hijack(true, Manner::reflect);
    }
  }
  void end(const Spell& spell) {
    if (spell.kind == Spell::Kind::outage) return attacker_.set_outage(false);
    attacker_.hijack(false, Attacker::Manner::absorb);
  }

  void rebind() {
    for (std::size_t i = 0; i < plan_.bond.uplinks.size(); ++i) {
      if (bond_.edge().access(i).nat == nullptr || plan_.bond.uplinks[i].shares_nat_of) continue;
      if (plan_.seed % 2 == 0) {
        bond_.nat(i).rebind_ports();
      } else {
        bond_.nat(i).rebind_address(Bond::public_address(100 + i, false));
      }
    }
  }

  // An edge with a key that the hub does not know. It knows the hub's public key.
  void add_unknown_edge() {
    HostOptions options;
    options.identity = Identity{plan_.seed ^ 0x7374'7261'6e67'6572, {2 * plan_.seed + 1}, {}, {}};
    unknown_edge_ = &bond_.world().add_host("unknown edge", plan_.bond.edge, options);
    bond_.world().attach(*unknown_edge_, SocketId(0), *UdpAddress::parse("192.0.2.130:9899"), nullptr, {},
                         {});
    unknown_edge_->on_event = [this](const sctp::Event& event) {
      if (event.kind == Kind::connected) complain("an edge with an unknown key connects");
    };
    connect_unknown_edge();
  }
  void connect_unknown_edge() {
    if (!attacking_) return;
    unknown_edge_->connect(0, bond_.hub_address(0));
    bond_.world().events().after(seconds(3), [this] { connect_unknown_edge(); });
  }

  // An attacker off the path: it knows addresses and ports, and has seen no datagram.
  void strike_from_off_path() {
    if (!attacking_) return;
    static constexpr std::array kTypes = {ChunkType::init,   ChunkType::abort,     ChunkType::cookie_echo,
                                          ChunkType::data,   ChunkType::heartbeat, ChunkType::shutdown_ack,
                                          ChunkType::sealed, ChunkType::asconf};
    SimRandom& random = bond_.world().random();
    const ChunkType type = kTypes[random.below(kTypes.size())];
    std::vector<std::byte> value(random.below(12) * 4);
    random.fill(value);
    SimDatagram datagram;
    datagram.source = {off_path_, 4000};
    datagram.destination = bond_.hub_address(0);
    const auto tag = type == ChunkType::init ? 0U : static_cast<std::uint32_t>(random.next());
    datagram.payload = PacketBuilder(9899, 9899, tag).chunk(type, 0, value).build();
    bond_.world().inject(std::move(datagram));
    bond_.world().events().after(milliseconds(random.between(10, 500)), [this] { strike_from_off_path(); });
  }

  // Compares the engine's view of its paths with the datagrams that were seen.
  void watch_paths() {
    for (const sctp::AssociationId id : associations_.accepted()) {
      const auto status = bond_.hub().endpoint().status(id);
      if (!status) continue;
      if (bond_.hub().endpoint().peer_key(id) != edge_key_) complain("the hub has a peer with another key");
      for (const sctp::PathStatus& path : status->paths) check_path(path);
    }
    if (associations_.accepted().size() > associations_.count())
      complain("more associations than the edge started");
    bond_.world().events().after(milliseconds(30), [this] { watch_paths(); });
  }
  void check_path(const sctp::PathStatus& path) {
    const bool validated =
        bond_.hub().monitor().address_validation().validated(path.route.socket, path.route.remote);
    const bool trusted = path.state != sctp::PathState::unconfirmed;
    if (trusted && !validated) {
      complain("the hub has a path to " + path.route.remote.to_string() + ", which was not validated");
    }
    // An attacker can only add a path to its own address with a record that was not delivered before.
    const bool strange = !trusted && path.route.remote.ip == Attacker::home();
    if (strange && !associations_.hub_received_from(path.route.remote))
      complain("the hub has a path to " + path.route.remote.to_string() + ", which sent nothing but replays");
    if (!trusted && path.counters.data_chunks_sent + path.counters.data_chunks_retransmitted != 0)
      complain("the hub has sent user data to " + path.route.remote.to_string() + " before its validation");
  }

  void expect_repair() {
    const Timestamp gone = bond_.world().now();
    const bool alive = associations_.healthy();
    const AssociationSeries::Mark mark = associations_.mark();
    if (!until(gone + (alive ? kRepair : kRevival), [&] { return associations_.works_since(mark); })) {
      complain(std::string(alive ? "the association" : "a new association") +
               " does not work after the attack: " + associations_.standing());
    }
    if (alive && associations_.count() != mark.association + 1)
      complain("an association that was alive was given up");
    recovery_ = bond_.world().now() - gone;
  }

  void expect_all_paths() {
    const std::size_t uplinks = plan_.bond.uplinks.size();
    const auto joined = [&] {
      return associations_.current() &&
             bond_.active_paths(bond_.edge(), associations_.edge_id()) >= uplinks &&
             bond_.active_paths(bond_.hub(), associations_.hub_id()) >= uplinks;
    };
    if (!until(bond_.world().now() + kAllPaths, joined))
      complain("the uplinks do not join after the attack: " + associations_.standing());
  }

  void expect_graceful_end() {
    associations_.stop();
    if (!until(bond_.world().now() + seconds(30), [this] { return associations_.all_arrived(); }))
      complain("messages are missing after the attack: " + associations_.standing());
    bond_.edge().shutdown(associations_.edge_id());
    // The hub may still hold other associations whose edge side is dead: silence ends them.
    if (!until(bond_.world().now() + seconds(120), [this] { return bond_.both_gone(); }))
      complain("an association is left: " + associations_.standing());
    bond_.run_for(seconds(60));
    bond_.check_ended();
    bond_.check_memory();
  }

  template <class Predicate>
  bool until(Timestamp limit, Predicate done) {
    return bond_.world().events().run_until(limit, [&] {
      if (++events_ == kMaxEvents) throw std::runtime_error("too many events in simulated time");
      return done();
    });
  }

  void complain(const std::string& what) { bond_.world().violations().add(bond_.world().now(), what); }

  [[nodiscard]] AttackFigures figures() {
    AttackFigures figures;
    figures.datagrams = bond_.edge().datagrams_sent() + bond_.hub().datagrams_sent();
    figures.seen = attacker_.figures().seen;
    figures.dropped = attacker_.figures().dropped;
    figures.sent = attacker_.figures().sent;
    figures.messages = associations_.messages();
    figures.associations = associations_.count();
    figures.killed = associations_.killed();
    figures.slowest_recovery = recovery_;
    figures.simulated = bond_.world().now() - EventQueue::kStart;
    return figures;
  }

  const AttackPlan& plan_;
  crypto::PublicKey edge_key_;
  Bond bond_;
  Attacker attacker_;
  AssociationSeries associations_;
  IpAddress off_path_;
  Host* unknown_edge_ = nullptr;
  bool attacking_ = true;
  std::uint64_t events_ = 0;
  Duration recovery_{};
};

}  // namespace

AttackResult run_attack(const AttackPlan& plan, const Traces& traces) {
  return AttackRun(plan, traces)();
}

}  // namespace hawser::sim
