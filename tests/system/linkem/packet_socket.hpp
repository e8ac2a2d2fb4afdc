#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frame_pool.hpp"
#include "hawser/base/time.hpp"

namespace hawser::linkem {

/// The time of CLOCK_MONOTONIC, as the engine's Timestamp.
Timestamp monotonic_now();

/// An Ethernet frame in the pool.
struct Frame {
  FrameId id;
  std::uint32_t length;  ///< includes the Ethernet header
  Timestamp arrival;     ///< when the kernel received it, which may be well before receive()
};

/// One end of the wire: a raw packet socket on one interface, promiscuous, which does not receive its own
/// frames. Reads and writes whole batches; never blocks. Owns the descriptor.
class PacketSocket {
 public:
  static constexpr std::size_t kBatch = 64;

  explicit PacketSocket(const std::string& interface);
  PacketSocket(const PacketSocket&) = delete;
  PacketSocket& operator=(const PacketSocket&) = delete;
  ~PacketSocket();

  int fd() const { return fd_; }
  const std::string& interface() const { return interface_; }
  std::uint32_t mtu() const { return mtu_; }

  /// Appends up to one batch to `out`, in buffers from `pool`. Returns the number of frames; 0 when none is
  /// waiting or the pool is empty.
  std::size_t receive(FramePool& pool, std::vector<Frame>& out);

  /// Sends up to one batch. Returns the number of frames that the kernel accepted; the others are lost, as on
  /// a wire.
  std::size_t send(FramePool& pool, std::span<const Frame> frames);

  /// Frames that were larger than a buffer, and therefore dropped.
  std::uint64_t oversize() const { return oversize_; }

  /// Frames that the kernel dropped because this program reads too slowly. Unless it is 0, the machine
  /// distorts the laboratory's results.
  std::uint64_t overrun();

 private:
  static constexpr std::size_t kControlSize = 64;

  void force_buffer(int option, int bytes);
  void open(int index);
  Timestamp arrival_of(msghdr& header, Timestamp now, Duration real_minus_monotonic) const;
  void check_transient(int error, const char* what) const;

  std::string interface_;
  int fd_ = -1;
  std::uint32_t mtu_ = 0;
  std::uint64_t oversize_ = 0;
  std::uint64_t overrun_ = 0;
  Timestamp last_arrival_{};
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<FrameId, kBatch> ids_{};
  alignas(8) std::array<std::array<std::byte, kControlSize>, kBatch> control_{};
};

}  // namespace hawser::linkem
