#include "sim/sessions.hpp"

#include <algorithm>

#include "sim/packet_view.hpp"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = sctp::Event::Kind;

// The number of agreed streams, less a margin.
constexpr std::size_t kMaxSessions = 190;

sctp::StreamId stream_of(std::size_t session) {
  return sctp::StreamId(static_cast<std::uint16_t>(session));
}

}  // namespace

Sessions::Sessions(Bond& bond, std::uint64_t seed)
    : bond_(bond), random_(seed), up_(seed * 2 + 11), down_(seed * 2 + 12) {
  bond.on_edge_event = [this](const sctp::Event& event) { on_edge_event(event); };
  bond.on_hub_event = [this](const sctp::Event& event) { on_hub_event(event); };
  bond.edge().on_message = [this](sctp::ReceivedMessage&& message) { on_edge_message(message); };
  bond.hub().on_message = [this](sctp::ReceivedMessage&& message) { on_hub_message(message); };
  watch_wire();
}

void Sessions::watch_wire() {
  bond_.world().on_sent([this](const Host& host, const SimDatagram& datagram) {
    if (!is_sealed(datagram.payload)) return;  // unauthenticated once there are keys
    if (&host == &bond_.edge()) hub_side_.on_the_way.insert(content_hash(datagram.payload));
    if (&host == &bond_.hub()) edge_side_.on_the_way.insert(content_hash(datagram.payload));
  });
  bond_.world().on_delivered([this](const Host& host, const SimDatagram& datagram) {
    if (&host != &bond_.edge() && &host != &bond_.hub()) return;
    if (!checksum_acceptable(datagram.payload)) return;
    Side& side = &host == &bond_.edge() ? edge_side_ : hub_side_;
    const auto found = side.on_the_way.find(content_hash(datagram.payload));
    if (found == side.on_the_way.end()) return;
    side.on_the_way.erase(found);
    side.sources.insert(datagram.source);
    side.last_news = bond_.world().now();
  });
}

// --- edge

void Sessions::start() {
  dial();
  talk();
}

void Sessions::dial() {
  if (stopped_) return;
  if (sessions_.size() == kMaxSessions) return complain("too many associations");
  const std::size_t uplink = sessions_.size() % bond_.uplinks();
  const std::size_t hub_address = random_.below(bond_.hub_addresses());
  sessions_.emplace_back();
  sessions_.back().edge = bond_.edge().connect(uplink, bond_.hub_address(hub_address));
}

void Sessions::add_paths() {
  if (sessions_.empty() || !sessions_.back().edge_up || sessions_.back().edge_end == End::dead) return;
  const auto status = bond_.edge().endpoint().status(edge_id());
  if (!status) return;
  for (std::size_t i = 0; i < bond_.uplinks(); ++i) {
    const bool there = std::any_of(status->paths.begin(), status->paths.end(),
                                   [i](const auto& path) { return path.route.socket.value() == i; });
    if (!there) bond_.edge().add_path(edge_id(), i, bond_.hub_address(i % bond_.hub_addresses()));
  }
}

void Sessions::on_edge_event(const sctp::Event& event) {
  const auto session = std::find_if(sessions_.begin(), sessions_.end(),
                                    [&](const Session& each) { return each.edge == event.association; });
  if (session == sessions_.end())
    return;  // belongs to a connect() that has not returned yet; such an association cannot end now
  if (event.kind == Kind::connected) {
    session->edge_up = true;
    add_paths();
  }
  const bool ended = event.kind == Kind::lost || event.kind == Kind::aborted || event.kind == Kind::closed ||
                     event.kind == Kind::refused;
  if (!ended) return;
  session->edge_end = End::dead;
  if (session->edge_up) judge_end(bond_.edge(), session->hub_end == End::dead, event);
  bond_.world().events().after(seconds(1), [this] { dial(); });
}

void Sessions::on_hub_event(const sctp::Event& event) {
  if (event.kind == Kind::accepted) accepted_.push_back(event.association);
  const bool ended = event.kind == Kind::lost || event.kind == Kind::aborted || event.kind == Kind::closed;
  if (!ended) return;
  for (Session& session : sessions_) {
    if (session.hub != event.association) continue;
    session.hub_end = End::dead;
    if (session.edge_up) judge_end(bond_.hub(), session.edge_end == End::dead, event);
  }
}

// An end is valid when the other side has ended before (that end was judged), when the test has stopped the
// traffic, or when nothing of the peer has arrived for the whole silence limit.
void Sessions::judge_end(Host& host, bool peer_dead, const sctp::Event& event) {
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

void Sessions::talk() {
  if (stopped_) return;
  const Session& now = sessions_.back();
  if (now.edge_up && now.edge_end == End::alive) say(bond_.edge(), now.edge, sessions_.size() - 1, up_);
  if (now.hub && now.hub_end == End::alive) say(bond_.hub(), *now.hub, sessions_.size() - 1, down_);
  if (random_.chance(0.1)) add_paths();
  bond_.world().events().after(milliseconds(random_.between(20, 200)), [this] { talk(); });
}

void Sessions::say(Host& host, sctp::AssociationId id, std::size_t session, MessageLedger& ledger) {
  sctp::SendOptions options;
  options.stream = stream_of(session);
  options.unordered = random_.chance(0.2);
  options.ppid = ledger.next_ppid(options.stream, options.unordered);
  const std::size_t size = random_.chance(0.5) ? random_.between(1, 100) : random_.between(800, 3000);
  Buffer content = ledger.next(host.pool(), options.stream, options.unordered, size);
  // Messages of an association whose other end is dead fill the buffer: that is no violation.
  if (host.endpoint().send_backlog(id) > 100'000) return;
  if (host.endpoint().send(host.now(), id, std::move(content), options) == sctp::SendResult::ok)
    ledger.sent(options.stream, options.unordered, size);
  host.settle();
}

void Sessions::on_edge_message(const sctp::ReceivedMessage& message) {
  const std::size_t session = message.stream.value();
  if (session >= sessions_.size() || sessions_[session].edge != message.association)
    return complain("edge: a message of one association arrives in another");
  if (const auto wrong = down_.accept(message)) complain("edge: " + *wrong);
}

void Sessions::on_hub_message(const sctp::ReceivedMessage& message) {
  const std::size_t number = message.stream.value();
  if (number >= sessions_.size()) return complain("hub: a message without an association");
  Session& session = sessions_[number];
  if (!session.hub) session.hub = message.association;
  if (*session.hub != message.association)
    return complain("hub: a message of one association arrives in another");
  if (const auto wrong = up_.accept(message)) complain("hub: " + *wrong);
}

// --- state

std::optional<std::size_t> Sessions::current() const {
  if (sessions_.empty()) return std::nullopt;
  const Session& last = sessions_.back();
  const bool up = both_up(last) && last.edge_end == End::alive && last.hub_end == End::alive;
  return up ? std::optional(sessions_.size() - 1) : std::nullopt;
}

bool Sessions::lively() const {
  const Timestamp oldest = std::min(edge_side_.last_news, hub_side_.last_news);
  return current() && bond_.world().now() - oldest < bond_.edge().config().silence_limit / 2;
}

Sessions::Mark Sessions::mark() const {
  const std::size_t last = sessions_.size() - 1;
  return {last, up_.sent_on(stream_of(last)), down_.sent_on(stream_of(last))};
}

bool Sessions::works_since(const Mark& mark) const {
  const auto present = current();
  if (!present) return false;
  const sctp::StreamId stream = stream_of(*present);
  const bool same = *present == mark.session;
  return up_.arrived_on(stream) > (same ? mark.up : 0) && down_.arrived_on(stream) > (same ? mark.down : 0);
}

bool Sessions::all_arrived() const {
  const sctp::StreamId stream = stream_of(sessions_.size() - 1);
  return up_.arrived_on(stream) == up_.sent_on(stream) && down_.arrived_on(stream) == down_.sent_on(stream);
}

std::string Sessions::standing() const {
  std::string text = std::to_string(sessions_.size()) + " associations; up:  " + up_.summary() +
                     ", down: " + down_.summary();
  const Session& last = sessions_.back();
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
