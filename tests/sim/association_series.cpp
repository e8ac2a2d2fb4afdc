#include "sim/association_series.hpp"

#include <algorithm>

#include "sim/packet_view.hpp"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = sctp::Event::Kind;

// The number of agreed streams, less a margin.
constexpr std::size_t kMaxAssociations = 190;

sctp::StreamId stream_of(std::size_t association) {
  return sctp::StreamId(static_cast<std::uint16_t>(association));
}

}  // namespace

AssociationSeries::AssociationSeries(Bond& bond, std::uint64_t seed)
    : bond_(bond), random_(seed), up_(seed * 2 + 11), down_(seed * 2 + 12) {
  bond.on_edge_event = [this](const sctp::Event& event) { on_edge_event(event); };
  bond.on_hub_event = [this](const sctp::Event& event) { on_hub_event(event); };
  bond.edge().on_message = [this](sctp::ReceivedMessage&& message) { on_edge_message(message); };
  bond.hub().on_message = [this](sctp::ReceivedMessage&& message) { on_hub_message(message); };
  watch_wire();
}

void AssociationSeries::watch_wire() {
  bond_.world().on_sent([this](const Host& host, const SimDatagram& datagram) {
    if (!is_sealed(datagram.payload)) return;  // unauthenticated once there are keys
    if (&host == &bond_.edge()) hub_side_.in_transit.insert(content_hash(datagram.payload));
    if (&host == &bond_.hub()) edge_side_.in_transit.insert(content_hash(datagram.payload));
  });
  bond_.world().on_delivered([this](const Host& host, const SimDatagram& datagram) {
    if (&host != &bond_.edge() && &host != &bond_.hub()) return;
    if (!checksum_acceptable(datagram.payload)) return;
    Side& side = &host == &bond_.edge() ? edge_side_ : hub_side_;
    const auto found = side.in_transit.find(content_hash(datagram.payload));
    if (found == side.in_transit.end()) return;
    side.in_transit.erase(found);
    side.sources.insert(datagram.source);
    side.last_news = bond_.world().now();
  });
}

// --- edge

void AssociationSeries::start() {
  connect();
  send_periodically();
}

void AssociationSeries::connect() {
  if (stopped_) return;
  if (associations_.size() == kMaxAssociations) return complain("too many associations");
  const std::size_t uplink = associations_.size() % bond_.uplinks();
  const std::size_t hub_address = random_.below(bond_.hub_addresses());
  associations_.emplace_back();
  associations_.back().edge = bond_.edge().connect(uplink, bond_.hub_address(hub_address));
}

void AssociationSeries::add_paths() {
  if (associations_.empty() || !associations_.back().edge_up || associations_.back().edge_end == End::dead)
    return;
  const auto status = bond_.edge().endpoint().status(edge_id());
  if (!status) return;
  for (std::size_t i = 0; i < bond_.uplinks(); ++i) {
    const bool there = std::any_of(status->paths.begin(), status->paths.end(),
                                   [i](const auto& path) { return path.route.socket.value() == i; });
    if (!there) bond_.edge().add_path(edge_id(), i, bond_.hub_address(i % bond_.hub_addresses()));
  }
}

void AssociationSeries::on_edge_event(const sctp::Event& event) {
  const auto association =
      std::find_if(associations_.begin(), associations_.end(),
                   [&](const Association& each) { return each.edge == event.association; });
  if (association == associations_.end())
    return;  // belongs to a connect() that has not returned yet; such an association cannot end now
  if (event.kind == Kind::connected) {
    association->edge_up = true;
    add_paths();
  }
  const bool ended = event.kind == Kind::lost || event.kind == Kind::aborted || event.kind == Kind::closed ||
                     event.kind == Kind::refused;
  if (!ended) return;
  association->edge_end = End::dead;
  if (association->edge_up) judge_end(bond_.edge(), association->hub_end == End::dead, event);
  bond_.world().events().after(seconds(1), [this] { connect(); });
}

void AssociationSeries::on_hub_event(const sctp::Event& event) {
  if (event.kind == Kind::accepted) accepted_.push_back(event.association);
  const bool ended = event.kind == Kind::lost || event.kind == Kind::aborted || event.kind == Kind::closed;
  if (!ended) return;
  for (Association& association : associations_) {
    if (association.hub != event.association) continue;
    association.hub_end = End::dead;
    if (association.edge_up) judge_end(bond_.hub(), association.edge_end == End::dead, event);
  }
}

// An end is valid when the other side has ended before (that end was judged), when the test has stopped the
// traffic, or when nothing of the peer has arrived for the whole silence limit.
void AssociationSeries::judge_end(Host& host, bool peer_dead, const sctp::Event& event) {
  if (stopped_ && event.kind == Kind::closed) return;
  const Side& side = &host == &bond_.edge() ? edge_side_ : hub_side_;
  const Duration silence = bond_.world().now() - side.last_news;
  if (!peer_dead) ++killed_;
  if (peer_dead || (event.kind == Kind::lost && silence >= host.config().silence_limit)) return;
  complain(host.name() + ": an association dies (" + std::string(event.reason) + ", kind " +
           std::to_string(static_cast<int>(event.kind)) + ") " +
           std::to_string(std::chrono::duration<double>(silence).count()) +
           " s after the peer's last new packet");
}

// --- messages

void AssociationSeries::send_periodically() {
  if (stopped_) return;
  const Association& now = associations_.back();
  if (now.edge_up && now.edge_end == End::alive)
    send_message(bond_.edge(), now.edge, associations_.size() - 1, up_);
  if (now.hub && now.hub_end == End::alive)
    send_message(bond_.hub(), *now.hub, associations_.size() - 1, down_);
  if (random_.chance(0.1)) add_paths();
  bond_.world().events().after(milliseconds(random_.between(20, 200)), [this] { send_periodically(); });
}

void AssociationSeries::send_message(Host& host, sctp::AssociationId id, std::size_t association,
                                     MessageLedger& ledger) {
  sctp::SendOptions options;
  options.stream = stream_of(association);
  options.unordered = random_.chance(0.2);
  options.ppid = ledger.next_ppid(options.stream, options.unordered);
  const std::size_t size = random_.chance(0.5) ? random_.between(1, 100) : random_.between(800, 3000);
  Buffer content = ledger.next(host.pool(), options.stream, options.unordered, size);
  // Messages of an association whose other end is dead fill the buffer: that is no violation.
  if (host.endpoint().send_backlog(id) > 100'000) return;
  if (host.endpoint().send(host.now(), id, std::move(content), options) == sctp::SendResult::ok)
    ledger.sent(options.stream, options.unordered, size);
  host.drain();
}

void AssociationSeries::on_edge_message(const sctp::ReceivedMessage& message) {
  const std::size_t association = message.stream.value();
  if (association >= associations_.size() || associations_[association].edge != message.association)
    return complain("edge: a message of one association arrives in another");
  if (const auto wrong = down_.accept(message)) complain("edge: " + *wrong);
}

void AssociationSeries::on_hub_message(const sctp::ReceivedMessage& message) {
  const std::size_t number = message.stream.value();
  if (number >= associations_.size()) return complain("hub: a message without an association");
  Association& association = associations_[number];
  if (!association.hub) association.hub = message.association;
  if (*association.hub != message.association)
    return complain("hub: a message of one association arrives in another");
  if (const auto wrong = up_.accept(message)) complain("hub: " + *wrong);
}

// --- state

std::optional<std::size_t> AssociationSeries::current() const {
  if (associations_.empty()) return std::nullopt;
  const Association& last = associations_.back();
  const bool up = both_up(last) && last.edge_end == End::alive && last.hub_end == End::alive;
  return up ? std::optional(associations_.size() - 1) : std::nullopt;
}

bool AssociationSeries::healthy() const {
  const Timestamp oldest = std::min(edge_side_.last_news, hub_side_.last_news);
  return current() && bond_.world().now() - oldest < bond_.edge().config().silence_limit / 2;
}

AssociationSeries::Mark AssociationSeries::mark() const {
  const std::size_t last = associations_.size() - 1;
  return {last, up_.sent_on(stream_of(last)), down_.sent_on(stream_of(last))};
}

bool AssociationSeries::works_since(const Mark& mark) const {
  const auto present = current();
  if (!present) return false;
  const sctp::StreamId stream = stream_of(*present);
  const bool same = *present == mark.association;
  return up_.arrived_on(stream) > (same ? mark.up : 0) && down_.arrived_on(stream) > (same ? mark.down : 0);
}

bool AssociationSeries::all_arrived() const {
  const sctp::StreamId stream = stream_of(associations_.size() - 1);
  return up_.arrived_on(stream) == up_.sent_on(stream) && down_.arrived_on(stream) == down_.sent_on(stream);
}

std::string AssociationSeries::standing() const {
  std::string text = std::to_string(associations_.size()) + " associations; up:  " + up_.summary() +
                     ", down: " + down_.summary();
  const Association& last = associations_.back();
  text += std::string(last.edge_up ? ", edge up" : "") + (last.hub ? ", hub up" : "") +
          (last.edge_end == End::dead ? ", edge dead" : "") + (last.hub_end == End::dead ? ", hub dead" : "");
  for (Host* host : {&bond_.edge(), &bond_.hub()}) {
    const bool edge = host == &bond_.edge();
    if (!edge && !last.hub) continue;
    const auto status = host->endpoint().status(edge ? last.edge : *last.hub);
    if (!status) continue;
    text += "\n              " + host->name() + ": " + std::string(to_string(status->state));
    for (const auto& path : status->paths) {
      text += "; " + std::to_string(path.route.socket.value()) + ">" + path.route.remote.to_string() + " " +
              std::string(to_string(path.state)) + " errors=" + std::to_string(path.error_count) +
              " flight=" + std::to_string(path.flight);
    }
  }
  return text;
}

}  // namespace hawser::sim
