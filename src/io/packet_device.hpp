#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "hawser/base/buffer.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser::io {

/// Counts of a packet device since it was opened; rx is the direction from the host into the tunnel.
struct DeviceCounters {
  std::uint64_t rx_packets = 0;       ///< packets read
  std::uint64_t rx_bytes = 0;         ///< bytes of rx_packets
  std::uint64_t rx_truncated = 0;     ///< packets dropped because they were larger than mtu() at that time
  std::uint64_t rx_errors = 0;        ///< failed reads (the device is down or gone)
  std::uint64_t tx_packets = 0;       ///< packets that the host accepted
  std::uint64_t tx_bytes = 0;         ///< bytes of tx_packets
  std::uint64_t tx_dropped_full = 0;  ///< packets for which the host had no room
  std::uint64_t tx_refused = 0;       ///< packets that the host rejected: not IP, or the device is down
};

/// The host's end of a tunnel: reads and writes whole IP packets in batches and never blocks. Never
/// interprets packets, never keeps one after a call returns.
class PacketDevice {
 public:
  PacketDevice() = default;
  virtual ~PacketDevice() = default;
  PacketDevice(const PacketDevice&) = delete;
  PacketDevice& operator=(const PacketDevice&) = delete;

  /// Reads up to out.size() IP packets, each into a buffer of `pool`. Returns the number of packets; 0: none
  /// is waiting. Reading allocates nothing when the pool's blocks are larger than mtu().
  [[nodiscard]] virtual std::size_t read(BufferPool& pool, std::span<Buffer> out) = 0;

  /// Passes IP packets to the host in order. Returns how many the host accepted; the others are dropped and
  /// counted.
  virtual std::size_t write(std::span<const Bytes> packets) = 0;

  /// The descriptor, readable while packets wait. For the event loop, which neither reads nor closes it.
  [[nodiscard]] virtual int native_handle() const = 0;
  /// The interface's name.
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// Largest IP packet, in bytes.
  [[nodiscard]] virtual std::size_t mtu() const = 0;
  /// Counts since the device was opened.
  [[nodiscard]] virtual const DeviceCounters& counters() const = 0;
};

}  // namespace hawser::io
