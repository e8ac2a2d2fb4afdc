// Runs one random scenario from set-up to its end and records the violated invariants.
#include <algorithm>
#include <stdexcept>

#include "sim/campaign.hpp"

namespace hawser::sim {
namespace {

using std::chrono::seconds;

// Nothing arrives for this long after the last fault: a deadlock. Longer than two of the longest back-offs.
constexpr Duration kStall = seconds(150);
constexpr Duration kMaxDuration = seconds(3000);
constexpr Duration kSetUp = seconds(240);
constexpr Duration kShutdown = seconds(400);
// An event costs a fraction of a microsecond; a scenario with more events than this loops.
constexpr std::uint64_t kMaxEvents = 20'000'000;

/// Runs one plan. Owns the bond.
class Run {
 public:
  Run(const Plan& plan, const Traces& traces) : plan_(plan), bond_(plan.bond) {
    bond_.world().trace_to(traces);
    for (const PlannedMessage& message : plan.up) bond_.edge_app().plan(message);
    for (const PlannedMessage& message : plan.down) bond_.hub_app().plan(message);
    bond_.on_edge_event = [this](const sctp::Event& event) {
      note(event);
      if (event.kind == sctp::Event::Kind::lost) connect_again();
    };
    bond_.on_hub_event = [this](const sctp::Event& event) { note(event); };
  }

  RunResult operator()() {
    try {
      play();
    } catch (const std::exception& error) {
      complain(error.what());
    }
    RunResult result;
    result.violations = bond_.world().violations().list();
    sum_up();
    result.figures = figures_;
    return result;
  }

 private:
  void play() {
    start_ = bond_.world().now();
    for (const Happening& happening : plan_.happenings) {
      bond_.world().events().at(start_ + happening.at, [this, &happening] { happen(happening); });
      quiet_from_ = start_ + happening.at;
    }
    bond_.connect(plan_.first_uplink);
    if (!until(kSetUp, [this] { return hub_accepted(); })) {
      return complain("the association is not set up");
    }
    if (plan_.ending == Ending::edge_aborts) return play_abort();
    play_transfer();
    play_shutdown();
    bond_.run_for(seconds(150));
    bond_.check_ended();
    bond_.check_memory();
  }

  void play_transfer() {
    std::uint64_t seen = 0;
    Timestamp progress = bond_.world().now();
    const auto finished = [this] {
      return bond_.finished_sending() && (plan_.hasty || bond_.all_arrived()) &&
             bond_.world().now() >= quiet_from_;
    };
    const bool ended = until(kMaxDuration, [&] {
      const std::uint64_t arrived = bond_.up_ledger().bytes_arrived() + bond_.down_ledger().bytes_arrived();
      if (arrived != seen || !waiting()) progress = bond_.world().now();
      seen = arrived;
      const Timestamp since = std::max(progress, quiet_from_);
      return finished() || bond_.both_gone() || bond_.world().now() > since + kStall;
    });
    if (!ended) complain("the transfer takes too long: " + standing());
    if (ended && !finished()) complain("the transfer is stuck: " + standing());
  }

  void play_shutdown() {
    if (plan_.ending != Ending::hub_shuts_down) bond_.edge().shutdown(bond_.edge_id());
    if (plan_.ending != Ending::edge_shuts_down) bond_.hub().shutdown(bond_.hub_id());
    // A hasty shutdown still has to deliver all messages.
    const bool patient = plan_.hasty || nat_may_be_gone();
    if (!until(patient ? kMaxDuration : kShutdown, [this] { return bond_.both_gone(); })) {
      complain("the shutdown does not end: " + standing());
    }
    if (!bond_.all_arrived()) complain("messages are missing after the shutdown: " + standing());
    check_graceful_end();
  }

  // Both ends are graceful. Exception: an end that waits for the final packet behind a NAT whose mapping is
  // gone may never receive it.
  void check_graceful_end() {
    const auto graceful = [](const std::vector<sctp::Event>& events) {
      return Bond::count(events, sctp::Event::Kind::closed) == 1;
    };
    const bool edge = graceful(bond_.edge_events());
    const bool hub = graceful(bond_.hub_events());
    if (nat_may_be_gone() && (edge || hub)) return;
    if (!edge) complain("the edge does not end gracefully: " + last_event(bond_.edge_events()));
    if (!hub) complain("the hub does not end gracefully: " + last_event(bond_.hub_events()));
  }
  [[nodiscard]] bool nat_may_be_gone() const {
    return figures_.rebindings != 0 ||
           std::any_of(plan_.bond.uplinks.begin(), plan_.bond.uplinks.end(), [](const UplinkSpec& uplink) {
             return uplink.nat && uplink.nat->idle_timeout != Duration{};
           });
  }

  void play_abort() {
    bond_.run_for(seconds(2));
    bond_.edge().abort(bond_.edge_id(), "campaign");
    // The ABORT may be lost: then the hub receives an ABORT as the answer to its next packet.
    if (!until(kMaxDuration, [this] { return bond_.both_gone(); }))
      complain("the abort does not end: " + standing());
    bond_.run_for(seconds(150));
    bond_.check_ended();
  }

  void happen(const Happening& happening) {
    using Kind = Happening::Kind;
    const bool rebinds =
        happening.kind == Kind::nat_port_rebinds || happening.kind == Kind::nat_address_rebinds;
    if (rebinds && !(hub_accepted() && edge_connected())) {
      // A State Cookie is valid for the address it was sent to: a rebinding before it returns would make the
      // edge start again.
      bond_.world().events().after(seconds(1), [this, &happening] { happen(happening); });
      return;
    }
    const std::size_t uplink = happening.uplink;
    switch (happening.kind) {
      case Kind::blackhole_begins:
      case Kind::blackhole_ends: return bond_.set_blackhole(uplink, happening.kind == Kind::blackhole_begins);
      case Kind::nat_port_rebinds: ++figures_.rebindings; return bond_.nat(uplink).rebind_ports();
      case Kind::nat_address_rebinds:
        ++figures_.rebindings;
        return bond_.nat(uplink).rebind_address(Bond::public_address(20 + rebound_++, plan_.bond.ipv6));
      case Kind::link_changes: return change_link(uplink, happening.link);
      case Kind::mtu_changes:
        bond_.up(uplink).config().mtu = bond_.down(uplink).config().mtu = happening.link.mtu;
        return;
      case Kind::path_added: return add_path(uplink, happening.hub_address);
      case Kind::path_removed: return remove_path(uplink);
      case Kind::reader_pauses:
      case Kind::reader_resumes:
        return (uplink == 0 ? bond_.hub() : bond_.edge())
            .pause_reading(happening.kind == Kind::reader_pauses);
    }
  }

  void change_link(std::size_t uplink, const LinkConfig& link) {
    for (Link* changed : {&bond_.up(uplink), &bond_.down(uplink)}) {
      const bool blackhole = changed->config().blackhole;
      changed->config() = link;
      changed->config().blackhole = blackhole;
    }
  }

  void add_path(std::size_t uplink, std::size_t hub_address) {
    if (bond_.edge().endpoint().association_count() == 0) return;
    bond_.add_path(uplink, hub_address);
  }

  // Removes the path only when another one is active: otherwise the association would rightly end.
  void remove_path(std::size_t uplink) {
    const auto path = bond_.edge_path(uplink);
    if (!path) return;
    const std::size_t active = bond_.active_paths(bond_.edge(), bond_.edge_id());
    if (active > (path->state == sctp::PathState::active ? 1U : 0U))
      bond_.edge().remove_path(bond_.edge_id(), path->id);
  }

  template <class Predicate>
  bool until(Duration limit, Predicate done) {
    return bond_.run_until(limit, [this, &done] {
      if (++events_ == kMaxEvents) throw std::runtime_error("too many events in simulated time");
      return done();
    });
  }

  // Whether messages that were sent have not arrived yet.
  [[nodiscard]] bool waiting() { return !bond_.all_arrived(); }
  [[nodiscard]] bool edge_connected() const {
    return Bond::count(bond_.edge_events(), sctp::Event::Kind::connected) > 0;
  }
  [[nodiscard]] bool hub_accepted() const {
    return Bond::count(bond_.hub_events(), sctp::Event::Kind::accepted) > 0;
  }

  // A protected handshake has a limit of ten seconds, and the faults may take longer.
  void connect_again() {
    if (!plan_.bond.sealed || edge_connected() || hub_accepted()) return;
    bond_.world().events().after(seconds(1), [this] { bond_.connect(plan_.first_uplink); });
  }

  void note(const sctp::Event& event) {
    if (event.kind == sctp::Event::Kind::path_up) ++figures_.paths_joined;
  }
  void complain(const std::string& what) { bond_.world().violations().add(bond_.world().now(), what); }
  [[nodiscard]] std::string standing();
  [[nodiscard]] static std::string last_event(const std::vector<sctp::Event>& events) {
    return events.empty() ? "none"
                          : std::string(events.back().reason) + " (" +
                                std::to_string(static_cast<int>(events.back().kind)) + ")";
  }
  void sum_up();

  const Plan& plan_;
  Bond bond_;
  Timestamp start_{};
  Timestamp quiet_from_{};
  std::uint64_t events_ = 0;
  std::size_t rebound_ = 0;
  RunFigures figures_;
};

std::string Run::standing() {
  std::string text = "up: " + bond_.up_ledger().summary() + ", down: " + bond_.down_ledger().summary();
  for (Host* host : {&bond_.edge(), &bond_.hub()}) {
    const auto status = host->endpoint().status(host == &bond_.edge() ? bond_.edge_id() : bond_.hub_id());
    text += "\n              " + host->name() + ": ";
    if (!status) {
      text += "no association";
      continue;
    }
    text += std::string(to_string(status->state)) + " queued=" + std::to_string(status->queued_bytes) +
            " outstanding=" + std::to_string(status->outstanding_bytes) +
            " peer_window=" + std::to_string(status->peer_window) +
            " held=" + std::to_string(status->receive_buffered);
    for (const auto& path : status->paths) {
      text += "; " + std::to_string(path.route.socket.value()) + ">" + path.route.remote.to_string() + " " +
              std::string(to_string(path.state)) + " cwnd=" + std::to_string(path.cwnd) +
              " flight=" + std::to_string(path.flight) + " errors=" + std::to_string(path.error_count);
    }
  }
  return text;
}

void Run::sum_up() {
  figures_.simulated = bond_.world().now() - EventQueue::kStart;
  figures_.datagrams = bond_.edge().datagrams_sent() + bond_.hub().datagrams_sent();
  figures_.messages = bond_.up_ledger().messages_arrived() + bond_.down_ledger().messages_arrived();
  figures_.bytes = bond_.up_ledger().bytes_arrived() + bond_.down_ledger().bytes_arrived();
  for (std::size_t i = 0; i < plan_.bond.uplinks.size(); ++i) {
    for (const Link* link : {&bond_.up(i), &bond_.down(i)}) {
      figures_.lost += link->counters().lost + link->counters().overflowed;
      figures_.damaged += link->counters().damaged;
    }
  }
}

}  // namespace

RunFigures& RunFigures::operator+=(const RunFigures& other) {
  datagrams += other.datagrams;
  lost += other.lost;
  damaged += other.damaged;
  messages += other.messages;
  bytes += other.bytes;
  paths_joined += other.paths_joined;
  rebindings += other.rebindings;
  simulated += other.simulated;
  return *this;
}

RunResult run_plan(const Plan& plan, const Traces& traces) {
  return Run(plan, traces)();
}

std::string Plan::describe() const {
  std::string text = "seed " + std::to_string(seed) + ": " + std::to_string(bond.uplinks.size()) +
                     " uplinks, " + std::to_string(bond.hub_addresses) + " hub addresses, MTU " +
                     std::to_string(bond.edge.path_mtu) + (bond.ipv6 ? ", IPv6" : "") +
                     (bond.sealed ? ", protected" : "") + ", " + std::to_string(up.size()) +
                     " messages up, " + std::to_string(down.size()) + " down, ending " +
                     std::to_string(static_cast<int>(ending)) + (hasty ? " (hasty)" : "") + "\n";
  for (std::size_t i = 0; i < bond.uplinks.size(); ++i) {
    for (const LinkConfig* link : {&bond.uplinks[i].up, &bond.uplinks[i].down}) {
      char line[200];
      std::snprintf(line, sizeof line,
                    "  uplink %zu %s: %.2f Mbit/s, %.1f ms + %.1f ms, queue %zu, loss %.3f, reorder %.3f, "
                    "dup %.3f, damage %.3f, MTU %zu\n",
                    i, link == &bond.uplinks[i].up ? "up" : "down", static_cast<double>(link->rate) / 1e6,
                    std::chrono::duration<double, std::milli>(link->delay).count(),
                    std::chrono::duration<double, std::milli>(link->jitter).count(), link->queue_bytes,
                    link->loss, link->reordering, link->duplication, link->corruption, link->mtu);
      text += line;
    }
  }
  static constexpr const char* kKinds[] = {
      "blackhole begins", "blackhole ends", "NAT port rebinds", "NAT address rebinds", "link changes",
      "path added",       "path removed",   "reader pauses",    "reader resumes",      "MTU changes"};
  for (const Happening& happening : happenings) {
    char line[120];
    std::snprintf(line, sizeof line, "  %9.3f s: %s (uplink %zu, hub address %zu)\n",
                  std::chrono::duration<double>(happening.at).count(),
                  kKinds[static_cast<std::size_t>(happening.kind)], happening.uplink, happening.hub_address);
    text += line;
  }
  return text;
}

}  // namespace hawser::sim
