#include "daemon/uplinks/family_sockets.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "io/setup_error.hpp"

namespace hawser::daemon::uplinks {
namespace {

// Sockets on different interfaces may get the same port from the kernel; a rule cannot tell them apart.
constexpr int kPortAttempts = 8;

}  // namespace

std::optional<SocketId> FamilySockets::open(const Context& context, Timestamp now, PortChoice which,
                                            const Options& options, const std::vector<NextHop>& hops) {
  Port& port = ports_[index_of(which)];
  if (port.socket) return port.socket;
  try {
    port.socket = open_at_free_port(context, port.number, options);
  } catch (const io::SetupError& error) {
    failure_ = std::string("cannot open a socket: ") + error.what();
    return std::nullopt;
  }
  port.number = context.sockets.find(*port.socket)->local_address().port;
  port.routes =
      std::make_unique<SocketRoutes>(context.routing, options.bind.is_v6(), port.number, options.table);
  port.routes->update(now, hops);
  failure_ = options.needs_rule ? port.routes->failure() : "";
  if (!failure_.empty()) {
    close(context, port);
  } else if (!port.routes->failure().empty()) {
    spdlog::warn("uplink {}: {}", options.label, port.routes->failure());
  }
  return port.socket;
}

// At the remembered port, or at one that the kernel chooses; never at one that has a rule.
SocketId FamilySockets::open_at_free_port(const Context& context, std::uint16_t wish,
                                          const Options& options) {
  io::udp::UdpSocketOptions socket;
  socket.device = options.interface;
  socket.mark = options.mark;
  socket.bind = {options.bind, wish};
  if (wish != 0 && !SocketRoutes::is_taken(context.routing, options.bind.is_v6(), wish)) {
    try {
      return context.sockets.open(socket, options.label);
    } catch (const io::SetupError&) {
      // Another program has the port now.
    }
  }
  socket.bind.port = 0;
  for (int attempt = 1;; ++attempt) {
    const SocketId id = context.sockets.open(socket, options.label);
    const std::uint16_t port = context.sockets.find(id)->local_address().port;
    if (attempt == kPortAttempts || !SocketRoutes::is_taken(context.routing, options.bind.is_v6(), port))
      return id;
    context.sockets.close(id);
  }
}

void FamilySockets::close(const Context& context, Port& port) {
  port.routes.reset();
  if (port.socket) context.sockets.close(*std::exchange(port.socket, {}));
}

std::vector<SocketId> FamilySockets::close(const Context& context) {
  const std::vector<SocketId> closed = all();
  for (Port& port : ports_) close(context, port);
  for (Port& port : retired_) close(context, port);
  retired_.clear();
  return closed;
}

void FamilySockets::close_unused(const Context& context, const std::vector<SocketId>& used) {
  const auto is_unused = [&](const Port& port) {
    return port.socket && std::ranges::find(used, *port.socket) == used.end();
  };
  Port& other = ports_[index_of(PortChoice::other)];
  if (is_unused(other)) close(context, other);
  for (Port& port : retired_) {
    if (is_unused(port)) close(context, port);
  }
  std::erase_if(retired_, [](const Port& port) { return !port.socket; });
}

void FamilySockets::update_routes(Timestamp now, const std::vector<NextHop>& hops) {
  for_each([&](const Port& port) {
    if (port.routes) port.routes->update(now, hops);
  });
}

void FamilySockets::prefer(SocketId socket) {
  Port* port = find(socket);
  if (port == nullptr) return;
  port->silences = 0;
  const auto index = static_cast<std::size_t>(port - ports_.data());
  if (index == preferred_) return;
  retired_.push_back(std::exchange(ports_[preferred_], Port{}));
  preferred_ = index;
}

void FamilySockets::note_silence(SocketId socket) {
  Port* port = find(socket);
  if (port == nullptr || port == &ports_[preferred_] || ++port->silences < kMaxSilences) return;
  retired_.push_back(std::exchange(*port, Port{}));
}

FamilySockets::Port* FamilySockets::find(SocketId socket) {
  const auto at = std::ranges::find(ports_, std::optional(socket), &Port::socket);
  return at == ports_.end() ? nullptr : &*at;
}

std::vector<SocketId> FamilySockets::all() const {
  std::vector<SocketId> out;
  for_each([&](const Port& port) {
    if (port.socket) out.push_back(*port.socket);
  });
  return out;
}

bool FamilySockets::has(SocketId socket) const {
  const std::vector<SocketId> open = all();
  return std::ranges::find(open, socket) != open.end();
}

PortChoice FamilySockets::other_than(SocketId socket) const {
  return ports_[preferred_].socket == socket ? PortChoice::other : PortChoice::preferred;
}

std::string FamilySockets::routing_failure() const {
  std::string out;
  for_each([&](const Port& port) {
    if (port.routes && out.empty()) out = port.routes->failure();
  });
  return out;
}

}  // namespace hawser::daemon::uplinks
