#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "hawser/base/buffer.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser::io {

/// What a packet device did since it was opened; rx is what was read from it (packets that the host sends
/// into the tunnel).
struct DeviceCounters {
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_truncated = 0;  ///< packets larger than the device's MTU at the time of reading, dropped
  std::uint64_t rx_errors = 0;     ///< failed reads (the device is down or gone)
  std::uint64_t tx_packets = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_dropped_full = 0;  ///< packets that the host had no room for
  std::uint64_t tx_refused = 0;       ///< packets the host does not take: not IP, or the device is down
};

/// The host's end of a tunnel: whole IP packets in and out, in batches, never blocking. Knows nothing of
/// peers or of what the packets carry; never keeps a packet after a call returns.
class PacketDevice {
 public:
  PacketDevice() = default;
  virtual ~PacketDevice() = default;
  PacketDevice(const PacketDevice&) = delete;
  PacketDevice& operator=(const PacketDevice&) = delete;

  /// Reads up to out.size() IP packets, each into a buffer of `pool`. Returns how many; 0: none is waiting.
  /// To read without allocating, the pool's blocks must be larger than mtu().
  [[nodiscard]] virtual std::size_t read(BufferPool& pool, std::span<Buffer> out) = 0;

  /// Hands IP packets to the host, in order. Returns how many it took; the others are dropped and counted.
  virtual std::size_t write(std::span<const Bytes> packets) = 0;

  /// A descriptor that is readable while packets wait; for the event loop, which must neither read nor close
  /// it.
  [[nodiscard]] virtual int native_handle() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// Largest IP packet, in bytes.
  [[nodiscard]] virtual std::size_t mtu() const = 0;
  [[nodiscard]] virtual const DeviceCounters& counters() const = 0;
};

}  // namespace hawser::io
