#include "sim/host.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/packet_trace.hpp"

namespace hawser::sim {
namespace {

// More output than this after one input is an endless loop.
constexpr unsigned kMaxRounds = 20'000;
// Limits of wake-ups per simulated second: without any output, and in total.
constexpr std::uint64_t kMaxIdleTimeouts = 100;
constexpr std::uint64_t kMaxTimeouts = 20'000;

// SimRandom gives nearby numbers unrelated keys; the salt separates the key of a number from a world of that
// seed.
constexpr std::uint64_t kKeySalt = 0x6b65'7973;

}  // namespace

crypto::PrivateKey private_key_of(std::uint64_t number) {
  SimRandom random(number ^ kKeySalt);
  return crypto::PrivateKey::generate(random);
}

sctp::SecurityConfig security_of(const Identity& identity) {
  sctp::SecurityConfig security{
      .private_key = private_key_of(identity.key), .peers = {}, .cipher_costs = {500, 900}};
  for (const std::uint64_t peer : identity.peers) {
    sctp::ProtectedPeer known{private_key_of(peer).public_key(), std::nullopt};
    if (identity.preshared_key) {
      SimRandom random(*identity.preshared_key ^ ~kKeySalt);
      known.preshared_key = crypto::PresharedKey::generate(random);
    }
    security.peers.push_back(std::move(known));
  }
  if (identity.rekey_after) security.rekey_after = *identity.rekey_after;
  security.least_rekey_interval = identity.least_rekey_interval;
  return security;
}

Host::Host(EventQueue& events, Violations& violations, std::string name, const sctp::EndpointConfig& config,
           const HostOptions& options, std::uint64_t seed)
    : events_(events),
      violations_(violations),
      name_(std::move(name)),
      config_(config),
      options_(options),
      random_(seed),
      endpoint_(make_endpoint()),
      monitor_(violations, name_, config.path_mtu, options.identity.has_value()) {
  monitor_.path_state = [this](SocketId socket, const UdpAddress& remote) {
    return path_state(socket, remote);
  };
}

std::unique_ptr<sctp::Endpoint> Host::make_endpoint() {
  auto endpoint = options_.identity ? std::make_unique<sctp::Endpoint>(config_, random_, pool_,
                                                                       security_of(*options_.identity))
                                    : std::make_unique<sctp::Endpoint>(config_, random_, pool_);
  attach_observer(*endpoint, packet_trace_.get());
  return endpoint;
}

void Host::trace_packets(trace::PacketLog& log) {
  packet_trace_ = std::make_unique<trace::EndpointTrace>(log, name_);
  attach_observer(*endpoint_, packet_trace_.get());
}

// --- input

void Host::deliver(const Access& access, SimDatagram&& datagram) {
  inbox_.push_back({&access, std::move(datagram)});
  if (inbox_.size() != 1) return;
  if (options_.batching == Duration::zero()) return flush_inbox();
  events_.after(options_.batching, [this] { flush_inbox(); });
}

void Host::flush_inbox() {
  if (inbox_.empty()) return;  // a restart dropped them
  handling_.swap(inbox_);
  received_.clear();
  for (Arrived& arrived : handling_) {
    monitor_.on_received(events_.now(), arrived.access->socket, arrived.datagram);
    if (on_delivered) on_delivered(*arrived.access, arrived.datagram);
    const Route route{arrived.access->socket, arrived.access->local.ip, arrived.datagram.source};
    received_.push_back({route, arrived.datagram.payload, arrived.datagram.ecn});
  }
  endpoint_->handle_datagrams(events_.now(), received_);
  // A real user reuses its receive buffers immediately: the engine must not keep pointers into them.
  for (Arrived& arrived : handling_)
    std::fill(arrived.datagram.payload.begin(), arrived.datagram.payload.end(), std::byte{0xdd});
  handling_.clear();
  drain();
}

void Host::on_timer() {
  if (events_.now() < armed_) return;  // superseded by an earlier timer
  armed_ = kNever;
  if (endpoint_->next_timeout() > events_.now()) return arm();
  const std::uint64_t outputs = outputs_;
  endpoint_->handle_timeout(events_.now());
  ++timeouts_;
  const bool still_due = endpoint_->next_timeout() <= events_.now();
  drain();
  if (still_due && endpoint_->next_timeout() <= events_.now()) {
    fail("leaves its timer due after handle_timeout");
    throw std::runtime_error(name_ + ": busy timer\n" + violations_.text());
  }
  watch_timers(outputs == outputs_);
}

void Host::watch_timers(bool idle) {
  if (events_.now() - window_start_ >= std::chrono::seconds(1)) {
    window_start_ = events_.now();
    window_idle_ = 0;
    window_timeouts_ = 0;
  }
  ++window_timeouts_;
  if (idle) ++window_idle_;
  if (window_idle_ == kMaxIdleTimeouts) fail("wakes up too often without output");
  if (window_timeouts_ == kMaxTimeouts) fail("wakes up too often");
}

// --- commands

Route Host::route(std::size_t access, const UdpAddress& remote) const {
  const Access& from = *accesses_.at(access);
  const IpAddress any = from.local.ip.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6();
  return {from.socket, options_.wildcard_local ? any : from.local.ip, remote};
}

sctp::AssociationId Host::connect(std::size_t access, const UdpAddress& remote) {
  monitor_.on_connect(accesses_.at(access)->socket, remote);
  const Route first = route(access, remote);
  const auto id = options_.identity
                      ? endpoint_->connect(events_.now(), first,
                                           private_key_of(options_.identity->peers.at(0)).public_key())
                      : endpoint_->connect(events_.now(), first);
  associations_.insert(id);
  drain();
  return id;
}

std::optional<sctp::PathId> Host::add_path(sctp::AssociationId id, std::size_t access,
                                           const UdpAddress& remote) {
  const auto path = endpoint_->add_path(events_.now(), id, route(access, remote));
  if (path) monitor_.on_add_path(accesses_.at(access)->socket, remote);
  drain();
  return path;
}

bool Host::remove_path(sctp::AssociationId id, sctp::PathId path) {
  Route route;
  if (const auto status = endpoint_->status(id)) {
    for (const auto& known : status->paths) {
      if (known.id == path) route = known.route;
    }
  }
  const bool removed = endpoint_->remove_path(events_.now(), id, path);
  if (removed) monitor_.on_remove_path(route.socket, route.remote);
  drain();
  return removed;
}

sctp::SendResult Host::send(sctp::AssociationId id, Buffer&& message, const sctp::SendOptions& options) {
  const auto result = endpoint_->send(events_.now(), id, std::move(message), options);
  drain();
  return result;
}

void Host::shutdown(sctp::AssociationId id) {
  endpoint_->shutdown(events_.now(), id);
  drain();
}

void Host::abort(sctp::AssociationId id, std::string_view reason) {
  endpoint_->abort(events_.now(), id, reason);
  drain();
}

void Host::probe_path(sctp::AssociationId id, sctp::PathId path) {
  endpoint_->probe_path(events_.now(), id, path);
  drain();
}

void Host::move_path(sctp::AssociationId id, sctp::PathId path) {
  endpoint_->move_path(events_.now(), id, path);
  drain();
}

void Host::restart() {
  endpoint_.reset();
  if (pool_.in_use() != 0) fail("leaks " + std::to_string(pool_.in_use()) + " buffers when destroyed");
  inbox_.clear();
  monitor_.on_all_gone();
  associations_.clear();
  endpoint_ = make_endpoint();
}

std::optional<sctp::PathState> Host::path_state(SocketId socket, const UdpAddress& remote) const {
  for (const sctp::AssociationId id : associations_) {
    const auto status = endpoint_->status(id);
    if (!status) continue;
    for (const auto& path : status->paths) {
      if (path.route.socket == socket && path.route.remote == remote) return path.state;
    }
  }
  return std::nullopt;
}

void Host::pause_reading(bool paused) {
  paused_ = paused;
  drain();
}

// --- output

void Host::drain() {
  if (draining_) return;  // called from a hook: the loop of the outer call continues
  draining_ = true;
  unsigned rounds = 0;
  for (bool busy = true; busy; ++rounds) {
    if (rounds == kMaxRounds) {
      fail("produces output endlessly");
      throw std::runtime_error(name_ + ": endless output\n" + violations_.text());
    }
    busy = transmit_all();
    busy = poll_events() || busy;
    busy = poll_messages() || busy;
  }
  draining_ = false;
  max_blocks_ = std::max(max_blocks_, pool_.in_use());
  if (endpoint_->association_count() == 0) monitor_.on_all_gone();
  arm();
}

bool Host::transmit_all() {
  bool any = false;
  for (unsigned batches = 0;; ++batches) {
    batch_.clear();
    if (!endpoint_->poll_transmit(events_.now(), batch_)) return any;
    if (batches == kMaxRounds) {
      fail("transmits endlessly");
      throw std::runtime_error(name_ + ": transmits endlessly\n" + violations_.text());
    }
    any = true;
    transmit(batch_);
  }
}

void Host::transmit(const TransmitBatch& batch) {
  if (batch.empty()) return fail("returned true from poll_transmit with an empty batch");
  const Access* access = access_for(batch.route);
  if (access == nullptr && had_address_of(batch.route)) {
    datagrams_refused_ += batch.sizes().size();
    return;
  }
  if (access == nullptr) return fail("sends from an address it does not have");
  if (!batch.route.remote.ip.is_unicast() || batch.route.remote.port == 0)
    return fail("sends to an address that is not unicast or has no port");
  Bytes rest = batch.bytes();
  for (const std::uint16_t size : batch.sizes()) {
    SimDatagram datagram;
    datagram.source = access->local;
    datagram.destination = batch.route.remote;
    datagram.may_fragment = batch.may_fragment;
    datagram.ecn = batch.ecn;
    datagram.payload.assign(rest.begin(), rest.begin() + size);
    rest = rest.subspan(size);
    ++datagrams_sent_;
    ++outputs_;
    bytes_sent_ += size;
    monitor_.on_sent(events_.now(), access->socket, datagram);
    if (on_sent) on_sent(*access, datagram);
    if (drop_if && drop_if(*access, datagram)) continue;
    access->up->send(std::move(datagram));
  }
}

const Access* Host::access_for(const Route& route) const {
  for (const Access* access : accesses_) {
    if (access->socket == route.socket && (route.local.is_wildcard() || access->local.ip == route.local))
      return access;
  }
  return nullptr;
}

bool Host::had_address_of(const Route& route) const {
  return std::ranges::any_of(accesses_, [&route](const Access* access) {
    return access->socket == route.socket && access->readdressed;
  });
}

bool Host::poll_events() {
  bool any = false;
  while (const auto event = endpoint_->poll_event()) {
    any = true;
    ++outputs_;
    associations_.insert(event->association);
    if (on_event) on_event(*event);
  }
  return any;
}

bool Host::poll_messages() {
  if (on_round) return on_round();
  bool any = false;
  while (!paused_) {
    auto message = endpoint_->poll_message();
    if (!message) break;
    any = true;
    ++outputs_;
    if (on_message) on_message(std::move(*message));
  }
  return any;
}

void Host::arm() {
  const Timestamp next = endpoint_->next_timeout();
  if (next >= armed_) return;  // the armed timer will check again
  armed_ = std::max(next, events_.now());
  events_.at(armed_, [this] { on_timer(); });
}

}  // namespace hawser::sim
