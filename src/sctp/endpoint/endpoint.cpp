#include "hawser/sctp/endpoint.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "hawser/crypto/secret.hpp"
#include "sctp/endpoint/demultiplexer.hpp"

namespace hawser::sctp {
namespace {

void validate(const EndpointConfig& config) {
  const auto require = [](bool ok, const char* what) {
    if (!ok) throw std::invalid_argument(what);
  };
  require(config.port != 0, "port must not be 0");
  require(config.outbound_streams != 0 && config.inbound_streams != 0,
          "there must be streams in both directions");
  require(config.receive_window >= 1500, "receive_window must be at least 1500 bytes");
  require(config.path_mtu >= 576 && config.path_mtu <= 9000, "path_mtu must be within 576..9000");
  require(config.max_paths != 0, "max_paths must not be 0");
  require(config.sack_delay <= std::chrono::milliseconds(500), "sack_delay must be at most 500 ms");
  const bool known_key =
      config.auth_key_id == 0 || std::ranges::any_of(config.auth_keys, [&config](const AuthKey& key) {
        return key.id == config.auth_key_id;
      });
  require(known_key, "auth_key_id names none of auth_keys");
}

EndpointConfig validated(EndpointConfig&& config, bool is_protected) {
  validate(config);
  config.ecn = config.ecn && is_protected;  // only PATH ACKs, in sealed packets, report marks
  return std::move(config);
}

}  // namespace

// The parts of the engine behind the façade, in the order in which they depend on each other.
class Endpoint::Impl {
 public:
  using Entry = endpoint::AssociationTable::Entry;

  Impl(EndpointConfig&& given, RandomSource& random, BufferPool& pool, std::optional<SecurityConfig>&& keys)
      : config(validated(std::move(given), keys.has_value())),
        security(std::move(keys)),
        access(security ? std::make_unique<security::AccessKeys>(*security) : nullptr),
        identity(security ? std::make_unique<crypto::TlsIdentity>(security->private_key) : nullptr),
        context{config,         random, pool,        drops, events, replies, security ? &*security : nullptr,
                identity.get(), tap,    access.get()},
        listener(context, associations),
        demultiplexer(context, associations, listener) {}

  // Calls `command` with the live association of this id and marks it as touched, because it may then have
  // something to send. Returns `otherwise` when there is none, or it fails and ends.
  template <class Result, class Command>
  Result with(AssociationId id, Result otherwise, Command command) {
    Entry* association = associations.find(id);
    if (association == nullptr) return otherwise;
    return association->guarded(otherwise, [&]() -> Result {
      associations.touch(*association);
      return command(*association);
    });
  }
  // As with(), for a command without a result.
  template <class Command>
  void run(AssociationId id, Command command) {
    with(id, false, [&](Entry& association) { return command(association), true; });
  }
  // Begins an association with these arguments. If that throws, the event for its end follows.
  template <class... Arguments>
  AssociationId begin(const Route& first, Arguments... arguments) {
    const AssociationId id = associations.next_id();
    try {
      associations.add(std::make_unique<Entry>(context, id, first, arguments...));
    } catch (const std::exception&) {
      drops.add(DropReason::internal_failure);
      events.push_back({Event::Kind::lost, id, kNoPath, 0, "an internal failure"});
    }
    return id;
  }
  // Calls `getter` with the live association of this id, which does not change it. Returns `otherwise` when
  // there is none.
  template <class Result, class Getter>
  Result get(AssociationId id, Result otherwise, Getter getter) const {
    const Entry* association = associations.find(id);
    return association == nullptr ? otherwise : getter(*association);
  }

  // Drops a datagram whose processing throws, because there is no memory or OpenSSL fails. An exception in an
  // association has ended that association already (AssociationTable::Entry).
  void handle_datagram(Timestamp now, ReceivedDatagram& datagram) {
    try {
      demultiplexer.handle_datagram(now, datagram);
    } catch (const std::exception&) {
      drops.add(DropReason::internal_failure);
    }
  }
  bool poll_reply(Timestamp now, TransmitBatch& batch);
  // Whether the key identifies a peer of both lists, with the same pre-shared key or none in both.
  static bool same_peer(const crypto::PublicKey& key, const std::vector<ProtectedPeer>& before,
                        const std::vector<ProtectedPeer>& now);

  EndpointConfig config;
  std::optional<SecurityConfig> security;
  std::unique_ptr<security::AccessKeys> access;         // null: plain SCTP
  std::unique_ptr<const crypto::TlsIdentity> identity;  ///< null: plain SCTP
  DropCounters drops;
  control::EventQueue events;
  RingQueue<control::Reply> replies;
  control::PacketTap tap;
  association::EndpointContext context;
  endpoint::AssociationTable associations;
  endpoint::Listener listener;
  endpoint::Demultiplexer demultiplexer;
};

bool Endpoint::Impl::poll_reply(Timestamp now, TransmitBatch& batch) {
  if (replies.empty()) return false;
  const control::Reply reply = replies.pop_front();
  const Bytes packet = reply.packet.bytes();
  batch.clear();
  batch.route = reply.route;
  std::ranges::copy(packet, batch.next(packet.size()).begin());
  batch.commit(packet.size());
  if (!reply.sealed) tap.report(now, PacketDirection::sent, reply.route, packet, false);
  return true;
}

bool Endpoint::Impl::same_peer(const crypto::PublicKey& key, const std::vector<ProtectedPeer>& before,
                               const std::vector<ProtectedPeer>& now) {
  const auto old = std::ranges::find(before, key, &ProtectedPeer::key);
  const auto fresh = std::ranges::find(now, key, &ProtectedPeer::key);
  if (old == before.end() || fresh == now.end()) return false;
  if (!old->preshared_key || !fresh->preshared_key)
    return old->preshared_key.has_value() == fresh->preshared_key.has_value();
  return crypto::constant_time_equal(old->preshared_key->bytes(), fresh->preshared_key->bytes());
}

Endpoint::Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool)
    : impl_(std::make_unique<Impl>(std::move(config), random, pool, std::nullopt)) {}
Endpoint::Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool, SecurityConfig security)
    : impl_(std::make_unique<Impl>(std::move(config), random, pool, std::move(security))) {}
Endpoint::~Endpoint() = default;

void Endpoint::set_packet_observer(PacketObserver* observer) {
  impl_->tap.set_observer(observer);
}

// --- input

void Endpoint::handle_datagrams(Timestamp now, std::span<ReceivedDatagram> datagrams) {
  for (ReceivedDatagram& datagram : datagrams) impl_->handle_datagram(now, datagram);
}

void Endpoint::handle_timeout(Timestamp now) {
  impl_->associations.handle_timeout(now);
}

// --- commands

AssociationId Endpoint::connect(Timestamp now, const Route& first, std::uint16_t peer_port) {
  return impl_->begin(first, peer_port, std::optional<crypto::PublicKey>(), now);
}

AssociationId Endpoint::connect(Timestamp now, const Route& first, const crypto::PublicKey& peer,
                                std::uint16_t peer_port) {
  return impl_->begin(first, peer_port, std::optional(peer), now);
}

SendResult Endpoint::send(Timestamp now, AssociationId id, Buffer&& message, const SendOptions& options) {
  return impl_->with(id, SendResult::not_open,
                     [&](auto& association) { return association.send(now, std::move(message), options); });
}

bool Endpoint::set_message_source(AssociationId id, MessageSource* source) {
  return impl_->with(id, false,
                     [&](auto& association) { return association.set_message_source(source), true; });
}

void Endpoint::notify_waiting(AssociationId id) {
  impl_->run(id, [](auto&) {});
}

std::optional<PathId> Endpoint::add_path(Timestamp, AssociationId id, const Route& route) {
  return impl_->with(id, std::optional<PathId>(),
                     [&](auto& association) { return association.path_commands().add(route); });
}

bool Endpoint::remove_path(Timestamp, AssociationId id, PathId path) {
  return impl_->with(id, false, [&](auto& association) { return association.path_commands().remove(path); });
}

bool Endpoint::set_primary(AssociationId id, PathId path) {
  return impl_->with(id, false,
                     [&](auto& association) { return association.preferences().set_primary(path); });
}

bool Endpoint::set_path_role(AssociationId id, PathId path, PathRole role) {
  return impl_->with(id, false,
                     [&](auto& association) { return association.preferences().set_role(path, role); });
}

bool Endpoint::set_path_caps(AssociationId id, PathId path, const PathCaps& caps) {
  return impl_->with(id, false,
                     [&](auto& association) { return association.preferences().set_caps(path, caps); });
}

bool Endpoint::set_path_congestion(AssociationId id, PathId path, CongestionControl control) {
  return impl_->with(id, false, [&](auto& association) {
    return association.path_commands().set_congestion(path, control);
  });
}

bool Endpoint::set_path_weight(AssociationId id, PathId path, std::uint32_t weight) {
  return impl_->with(id, false,
                     [&](auto& association) { return association.path_commands().set_weight(path, weight); });
}

bool Endpoint::request_primary(Timestamp, AssociationId id, const IpAddress& local) {
  return impl_->with(id, false, [&](auto& association) {
    return association.path_commands().request_address(wire::ParameterType::kSetPrimaryAddress, local);
  });
}

bool Endpoint::request_address(Timestamp, AssociationId id, const IpAddress& local, bool add) {
  const auto type = add ? wire::ParameterType::kAddIpAddress : wire::ParameterType::kDeleteIpAddress;
  return impl_->with(
      id, false, [&](auto& association) { return association.path_commands().request_address(type, local); });
}

void Endpoint::probe_path(Timestamp, AssociationId id, PathId path) {
  impl_->run(id, [&](auto& association) { association.path_commands().probe(path); });
}

void Endpoint::move_path(Timestamp, AssociationId id, PathId path) {
  impl_->run(id, [&](auto& association) { association.path_commands().move(path); });
}

void Endpoint::send_restart_notice(const Route& route) {
  impl_->listener.send_restart_notice(route);
}

void Endpoint::set_peers(Timestamp now, std::vector<ProtectedPeer> peers) {
  if (!impl_->security) return;
  const std::vector<ProtectedPeer> before = std::exchange(impl_->security->peers, std::move(peers));
  *impl_->access = security::AccessKeys(*impl_->security);
  std::vector<AssociationId> ended;
  for (const auto& association : impl_->associations) {
    const auto key = association->intended_peer();
    if (key && !Impl::same_peer(*key, before, impl_->security->peers)) ended.push_back(association->id());
  }
  for (const AssociationId id : ended) abort(now, id, "the key of the peer is no longer accepted");
}

void Endpoint::shutdown(Timestamp now, AssociationId id) {
  impl_->run(id, [&](auto& association) { association.shutdown(now); });
}

void Endpoint::abort(Timestamp now, AssociationId id, std::string_view reason) {
  impl_->run(id, [&](auto& association) {
    association.end(now, association::abort_with(wire::CauseCode::kUserInitiatedAbort, reason));
  });
}

// --- output

bool Endpoint::poll_transmit(Timestamp now, TransmitBatch& batch) {
  return impl_->poll_reply(now, batch) || impl_->associations.poll_transmit(now, batch);
}

std::optional<ReceivedMessage> Endpoint::poll_message() {
  return impl_->associations.poll_message();
}

std::optional<Event> Endpoint::poll_event() {
  if (impl_->events.empty()) return std::nullopt;
  return impl_->events.pop_front();
}

Timestamp Endpoint::next_timeout() const {
  return impl_->associations.next_timeout();
}

// --- getters

std::optional<AssociationStatus> Endpoint::status(AssociationId id) const {
  return impl_->get(id, std::optional<AssociationStatus>(),
                    [](const auto& association) { return std::optional(association.status()); });
}

std::optional<crypto::PublicKey> Endpoint::peer_key(AssociationId id) const {
  return impl_->get(id, std::optional<crypto::PublicKey>(),
                    [](const auto& association) { return association.peer_key(); });
}

std::size_t Endpoint::association_count() const {
  return impl_->associations.live_count();
}

const DropCounters& Endpoint::drops() const {
  return impl_->drops;
}

std::size_t Endpoint::send_space(AssociationId id) const {
  return impl_->get(id, std::size_t{0}, [](const auto& association) { return association.data().space(); });
}

std::size_t Endpoint::send_backlog(AssociationId id) const {
  return impl_->get(id, std::size_t{0}, [](const auto& association) { return association.data().backlog(); });
}

Duration Endpoint::round_trip(AssociationId id) const {
  return impl_->get(id, Duration{},
                    [](const auto& association) { return association.paths().longest_data_round_trip(); });
}

std::size_t Endpoint::unfragmented_size(AssociationId id) const {
  return impl_->get(id, std::size_t{0},
                    [](const auto& association) { return association.unfragmented_size(); });
}

bool Endpoint::size_is_settled(AssociationId id) const {
  return impl_->get(id, false,
                    [](const auto& association) { return association.paths().find_payload_mtu().settled; });
}

}  // namespace hawser::sctp
