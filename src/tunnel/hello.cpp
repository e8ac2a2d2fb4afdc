#include "hawser/tunnel/hello.hpp"

#include <algorithm>

#include "hawser/tunnel/ppid.hpp"
#include "hawser/tunnel/tunnel.hpp"

namespace hawser::tunnel {
namespace {

constexpr std::string_view kPrefix = "hawser/1 hello ";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

bool is_valid_identity(std::string_view name) {
  return !name.empty() && name.size() <= kMaxIdentity &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

std::string make_hello(std::string_view identity) {
  return std::string(kPrefix).append(identity);
}

std::optional<std::string_view> parse_hello(Bytes message) {
  const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const std::string_view name = text.substr(kPrefix.size());
  if (!is_valid_identity(name)) return std::nullopt;
  return name;
}

void Tunnel::send_hello(Timestamp now, sctp::AssociationId id) {
  const std::string text = make_hello(config_.identity);
  sctp::SendOptions options;
  options.stream = kControlStream;
  options.ppid = kPpidControl;
  // A refusal means that the association is closing; its event follows.
  (void)endpoint_.send(now, id, pool_.copy(std::as_bytes(std::span(text))), options);
}

/// The association is up, or its peer restarted: both sides introduce themselves. The one that was called
/// waits for the caller's hello first, so that it shows its own name to peers only.
void Tunnel::on_open(Timestamp now, sctp::AssociationId id) {
  Binding* binding = find(id);
  if (binding == nullptr) {
    const auto at = std::lower_bound(bindings_.begin(), bindings_.end(), id,
                                     [](const Binding& b, sctp::AssociationId i) { return b.id < i; });
    binding = &*bindings_.insert(at, Binding{.id = id, .peer = {}});
  }
  binding->open = true;
  binding->since = now;
  if (binding->peer) send_hello(now, id);
}

void Tunnel::on_hello(Timestamp now, const sctp::ReceivedMessage& message) {
  const sctp::AssociationId id = message.association;
  Binding* binding = find(id);
  if (binding == nullptr) return;  // refused a moment ago
  const auto name = parse_hello(message.payload.bytes());
  if (!name || message.stream != kControlStream || binding->hello) {
    return refuse(now, id, Drop::bad_hello, "hello expected, once");
  }
  const auto index = identify(*binding, *name);
  if (!index) return refuse(now, id, Drop::unknown_peer, "no such peer here");
  const bool called = !binding->peer;
  bring_up(now, *binding, *index);
  if (called) send_hello(now, id);
}

/// Whom we called we know, whatever name it answers with; a caller is who it says, unless we are the one to
/// call it.
std::optional<PeerIndex> Tunnel::identify(const Binding& binding, std::string_view name) const {
  if (binding.peer) return binding.peer;
  const auto at = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.name == name; });
  if (at == peers_.end() || at->dialled) return std::nullopt;
  return static_cast<PeerIndex>(at - peers_.begin());
}

/// The newest association of a peer is the one that counts: the peer began it after it lost or forgot the
/// older.
void Tunnel::bring_up(Timestamp now, Binding& binding, PeerIndex index) {
  Peer& peer = peers_[index];
  const sctp::AssociationId id = binding.id;
  binding.peer = index;
  binding.hello = true;
  ++peer.counters.associations;
  const auto older = peer.association;
  const auto status = endpoint_.status(id);
  peer.association = id;
  peer.flow_streams = status && status->outbound_streams > 1 ? status->outbound_streams - 1U : 0U;
  if (older && *older != id) {
    ++peer.counters.replaced;
    forget(*older);
    endpoint_.abort(now, *older, "replaced by a newer association of the same peer");
  }
}

void Tunnel::refuse(Timestamp now, sctp::AssociationId id, Drop reason, std::string_view text) {
  drops_.add(reason);
  forget(id);
  endpoint_.abort(now, id, text);
}

}  // namespace hawser::tunnel
