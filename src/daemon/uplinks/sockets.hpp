#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "daemon/platform.hpp"

namespace hawser::daemon::uplinks {

/// Every UDP socket of the daemon, by its SocketId. Owns the sockets; ids are never reused.
class Sockets {
 public:
  /// One socket, open or closed.
  struct Entry {
    std::unique_ptr<io::DatagramSocket> socket;  ///< null: closed
    std::string label;                           ///< of the uplink; empty for a listening socket
    std::string interface;                       ///< that it is bound to; empty: none
    bool mute = false;                           ///< it receives only
  };

  /// `platform` opens and watches the sockets; it outlives them.
  explicit Sockets(Platform& platform) : platform_(platform) {}

  /// Opens a socket and chooses its id. `label`: of the uplink; empty for a listening socket. Throws
  /// io::SetupError.
  SocketId open(io::udp::UdpSocketOptions options, std::string label) {
    const SocketId id{static_cast<std::uint32_t>(entries_.size())};
    options.id = id;
    Entry entry{platform_.open_socket(options), std::move(label), options.device.value_or("")};
    platform_.watch(id, entry.socket->native_handle());
    entries_.push_back(std::move(entry));
    return id;
  }

  /// Closes a socket; ignored if it is closed already.
  void close(SocketId id) {
    if (find(id) == nullptr) return;
    platform_.unwatch(id);
    entries_[id.value()].socket.reset();
  }

  /// Null: the socket is closed, or never existed.
  [[nodiscard]] io::DatagramSocket* find(SocketId id) {
    return id.value() < entries_.size() ? entries_[id.value()].socket.get() : nullptr;
  }
  /// As the other find().
  [[nodiscard]] const io::DatagramSocket* find(SocketId id) const {
    return id.value() < entries_.size() ? entries_[id.value()].socket.get() : nullptr;
  }
  /// Lets a socket receive only, or send again: without an address of its own interface, the kernel would
  /// send from an address of another one, and NATs on the way would keep a mapping for that.
  void set_mute(SocketId id, bool mute) { entries_[id.value()].mute = mute; }
  /// As find(); null also if the socket receives only.
  [[nodiscard]] io::DatagramSocket* find_sender(SocketId id) {
    return find(id) == nullptr || entries_[id.value()].mute ? nullptr : find(id);
  }
  /// By SocketId, closed sockets included.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  Platform& platform_;
  std::vector<Entry> entries_;
};

}  // namespace hawser::daemon::uplinks
