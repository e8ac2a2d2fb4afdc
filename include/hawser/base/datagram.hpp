#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/strong.hpp"

namespace hawser {

/// A local way out: one UDP socket of the driver. The numbers are the driver's; the engine only compares
/// them.
using SocketId = Strong<struct SocketIdTag, std::uint32_t>;

/// Where a datagram came from, or goes to. `local` is the local address it was sent to (pktinfo), so that
/// answers leave from there; a wildcard leaves the choice to the kernel (sockets bound to a device).
struct Route {
  SocketId socket;
  IpAddress local;
  UdpAddress remote;
  friend bool operator==(const Route&, const Route&) = default;
};

/// One received UDP payload. `bytes` is the receiver's memory, valid until its next read; an opened record is
/// decrypted there.
struct ReceivedDatagram {
  Route route;
  MutableBytes bytes;
};

/// Datagrams for ONE route, laid back to back so that runs of equal size leave by one segmented send (UDP
/// GSO). Reused from call to call; never allocates after construction.
class TransmitBatch {
 public:
  static constexpr std::size_t kMaxDatagrams = 64;
  static constexpr std::size_t kCapacity =
      65'000;  ///< below the largest UDP payload, so that one send can carry all

  TransmitBatch() : storage_(std::make_unique<std::byte[]>(kCapacity)) {}

  Route route;
  /// The datagrams may be larger than the path carries, and IP may fragment them (RFC 9260 §6.9). All others
  /// leave with DF, and unfragmented over IPv6.
  bool may_fragment = false;

  void clear() {
    count_ = 0;
    used_ = 0;
    may_fragment = false;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// Whether another datagram of up to `size` bytes fits.
  [[nodiscard]] bool has_room(std::size_t size) const {
    return count_ < kMaxDatagrams && used_ + size <= kCapacity;
  }
  /// Room for the next datagram; `size` must satisfy has_room.
  [[nodiscard]] MutableBytes next(std::size_t size) { return {storage_.get() + used_, size}; }
  /// The first `size` bytes of next() are a datagram.
  void commit(std::size_t size) {
    sizes_[count_++] = static_cast<std::uint16_t>(size);
    used_ += size;
  }
  /// Sizes of the datagrams, in order.
  [[nodiscard]] std::span<const std::uint16_t> sizes() const { return {sizes_.data(), count_}; }
  /// All datagrams back to back.
  [[nodiscard]] MutableBytes bytes() { return {storage_.get(), used_}; }
  [[nodiscard]] Bytes bytes() const { return {storage_.get(), used_}; }

 private:
  std::unique_ptr<std::byte[]> storage_;
  std::array<std::uint16_t, kMaxDatagrams> sizes_{};
  std::size_t count_ = 0;
  std::size_t used_ = 0;
};

}  // namespace hawser
