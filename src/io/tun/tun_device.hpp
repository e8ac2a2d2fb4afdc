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

/// Settings of a TUN interface.
struct TunOptions {
  std::string name;                 ///< 1 to 15 characters; no interface of that name may exist
  std::size_t mtu = 1400;           ///< bytes, 68 to 65535; at least 1280 when an IPv6 address is given
  std::vector<IpPrefix> addresses;  ///< without duplicate address detection
  /// Most packets that wait for read(); nothing: the kernel's default, 500.
  std::optional<std::uint32_t> tx_queue_length;
};

/// A TUN interface of the kernel, configured and up. Owns the interface: it disappears with the object, and
/// with it its addresses and routes. Never changes anything else in the host's network.
class TunDevice final : public PacketDevice {
 public:
  /// Creates and configures the interface and sets it up. Throws SetupError and then leaves nothing behind.
  explicit TunDevice(TunOptions options);

  std::size_t read(BufferPool& pool, std::span<Buffer> out) override;
  std::size_t write(std::span<const Bytes> packets) override;
  [[nodiscard]] int native_handle() const override { return fd_.get(); }
  [[nodiscard]] const std::string& name() const override { return options_.name; }
  [[nodiscard]] std::size_t mtu() const override { return options_.mtu; }
  [[nodiscard]] const DeviceCounters& counters() const override { return counters_; }

  /// The interface's index in the kernel.
  [[nodiscard]] int index() const { return index_; }

  /// Sets the MTU in bytes. Throws SetupError.
  void set_mtu(std::size_t mtu);

 private:
  void configure();

  TunOptions options_;
  FileDescriptor fd_;
  int index_;
  DeviceCounters counters_;
};

}  // namespace hawser::io::tun
