#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "hawser/base/address.hpp"
#include "io/packet_device.hpp"

namespace hawser::io::tun {

struct TunOptions {
  std::string name;                 ///< 1 to 15 characters; no interface of that name may exist
  std::size_t mtu = 1400;           ///< bytes, 68 to 65535; at least 1280 when an IPv6 address is given
  std::vector<IpPrefix> addresses;  ///< usable at once: no duplicate address detection
  std::optional<std::uint32_t> tx_queue_length;  ///< packets waiting for read(); the kernel's default is 500
};

/// A TUN interface of the kernel, configured and up. Owns the interface: it, its addresses and its routes
/// vanish with the object. Changes nothing else of the host's network.
class TunDevice final : public PacketDevice {
 public:
  /// Creates, configures and raises the interface. Throws SetupError (and leaves nothing behind).
  explicit TunDevice(TunOptions options);

  std::size_t read(BufferPool& pool, std::span<Buffer> out) override;
  std::size_t write(std::span<const Bytes> packets) override;
  [[nodiscard]] int native_handle() const override { return fd_.get(); }
  [[nodiscard]] const std::string& name() const override { return options_.name; }
  [[nodiscard]] std::size_t mtu() const override { return options_.mtu; }
  [[nodiscard]] const DeviceCounters& counters() const override { return counters_; }

  /// The kernel's number of the interface.
  [[nodiscard]] int index() const { return index_; }

  /// Routes `prefix` (host bits ignored) into the tunnel. A prefix that one of the interface's own addresses
  /// covers exactly is already routed. A default route is laid as its two halves, which win over the uplinks'
  /// default routes without touching them: sockets bound to an uplink still find their way out. Throws
  /// SetupError.
  void add_route(const IpPrefix& prefix);

  /// Throws SetupError.
  void set_mtu(std::size_t mtu);

 private:
  void configure();

  TunOptions options_;
  FileDescriptor fd_;
  int index_;
  DeviceCounters counters_;
};

}  // namespace hawser::io::tun
