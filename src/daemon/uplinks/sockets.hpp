#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "daemon/platform.hpp"

namespace hawser::daemon::uplinks {

/// Every UDP socket of the daemon, by the number that the engine knows it by. Owns the sockets; numbers are
/// never reused.
class Sockets {
 public:
  struct Entry {
    std::unique_ptr<io::DatagramSocket> socket;  ///< none: closed
    std::string label;                           ///< of the uplink; empty for a listening socket
    std::string interface;
  };

  explicit Sockets(Platform& host) : platform_(host) {}

  /// Throws io::SetupError. `options.id` is chosen here.
  SocketId open(io::udp::UdpSocketOptions options, std::string label) {
    const SocketId id{static_cast<std::uint32_t>(entries_.size())};
    options.id = id;
    Entry entry{platform_.open_socket(options), std::move(label), options.device.value_or("")};
    platform_.watch(id, entry.socket->native_handle());
    entries_.push_back(std::move(entry));
    return id;
  }

  void close(SocketId id) {
    if (find(id) == nullptr) return;
    platform_.unwatch(id);
    entries_[id.value()].socket.reset();
  }

  /// Null: closed, or never there.
  [[nodiscard]] io::DatagramSocket* find(SocketId id) {
    return id.value() < entries_.size() ? entries_[id.value()].socket.get() : nullptr;
  }
  [[nodiscard]] const io::DatagramSocket* find(SocketId id) const {
    return id.value() < entries_.size() ? entries_[id.value()].socket.get() : nullptr;
  }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  Platform& platform_;
  std::vector<Entry> entries_;
};

}  // namespace hawser::daemon::uplinks
