#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/strong.hpp"

namespace hawser {

/// Names one UDP socket of the user. The user chooses the numbers; the engine only compares them.
using SocketId = Strong<struct SocketIdTag, std::uint32_t>;

/// The socket and the two addresses of a datagram, received or to be sent.
struct Route {
  SocketId socket;  ///< the socket that received the datagram or is to send it
  /// The local address: the destination of a received datagram (pktinfo), hence the source of the answers.
  /// The wildcard leaves the choice to the kernel, as for sockets that are bound to a device.
  IpAddress local;
  UdpAddress remote;  ///< the peer's address: source of a received datagram, destination of a sent one
  friend bool operator==(const Route&, const Route&) = default;
};

/// The ECN field of an IP packet (RFC 3168 §5), as on the wire.
enum class Ecn : std::uint8_t {
  not_ect = 0,  ///< the sender does not react to marks
  ect1 = 1,     ///< ECT(1) (RFC 9331)
  ect0 = 2,     ///< ECT(0)
  ce = 3,       ///< congestion experienced: the packet was marked on its way
};

/// One received UDP payload. Owns nothing.
struct ReceivedDatagram {
  Route route;  ///< how it arrived
  MutableBytes
      bytes;  ///< in the receiver's memory, valid until its next read; the engine decrypts records in place
  Ecn ecn = Ecn::not_ect;  ///< of the IP packet
};

/// Datagrams for one route, stored back to back so that a run of equal sizes leaves in one segmented send
/// (UDP GSO). Owns their memory. Reused from call to call; never allocates after construction.
class TransmitBatch {
 public:
  static constexpr std::size_t kMaxDatagrams = 64;  ///< the most segments that one GSO send takes
  /// Bytes; below the largest UDP payload, so that one send can carry all of them.
  static constexpr std::size_t kCapacity = 65'000;

  TransmitBatch() : storage_(std::make_unique<std::byte[]>(kCapacity)) {}

  /// The route of all datagrams; set by the engine.
  Route route;
  /// Whether IP may fragment the datagrams, which may be larger than the path carries (RFC 9260 §6.9).
  /// Otherwise they leave with DF set, over IPv6 unfragmented.
  bool may_fragment = false;
  /// The ECN field of the datagrams.
  Ecn ecn = Ecn::not_ect;
  /// The DSCP of the datagrams (RFC 2474 §3), 0 to 63; 0: best effort.
  std::uint8_t dscp = 0;

  /// Removes all datagrams, forbids fragmentation and clears ECN and DSCP; the route stays.
  void clear() {
    count_ = 0;
    used_ = 0;
    may_fragment = false;
    ecn = Ecn::not_ect;
    dscp = 0;
  }
  /// Takes over the route of `other` and its datagrams from position `first` on.
  void copy_rest(const TransmitBatch& other, std::size_t first) {
    clear();
    route = other.route;
    may_fragment = other.may_fragment;
    ecn = other.ecn;
    dscp = other.dscp;
    std::size_t offset = 0;
    for (std::size_t i = 0; i < other.count_; ++i) {
      if (i >= first) sizes_[count_++] = other.sizes_[i];
      if (i < first) offset += other.sizes_[i];
    }
    used_ = other.used_ - offset;
    std::copy_n(other.storage_.get() + offset, used_, storage_.get());
  }
  /// Whether the batch holds no datagram.
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// Whether another datagram of up to `size` bytes fits.
  [[nodiscard]] bool has_room(std::size_t size) const {
    return count_ < kMaxDatagrams && used_ + size <= kCapacity;
  }
  /// Room for the next datagram; `size` must satisfy has_room(). commit() makes it part of the batch.
  [[nodiscard]] MutableBytes next(std::size_t size) { return {storage_.get() + used_, size}; }
  /// Adds the first `size` bytes of the last next() as a datagram.
  void commit(std::size_t size) {
    sizes_[count_++] = static_cast<std::uint16_t>(size);
    used_ += size;
  }
  /// Sizes of the datagrams in bytes, in order.
  [[nodiscard]] std::span<const std::uint16_t> sizes() const { return {sizes_.data(), count_}; }
  /// All datagrams back to back, writable: sealing works in place.
  [[nodiscard]] MutableBytes bytes() { return {storage_.get(), used_}; }
  /// All datagrams back to back.
  [[nodiscard]] Bytes bytes() const { return {storage_.get(), used_}; }

 private:
  std::unique_ptr<std::byte[]> storage_;
  std::array<std::uint16_t, kMaxDatagrams> sizes_{};
  std::size_t count_ = 0;
  std::size_t used_ = 0;
};

}  // namespace hawser
