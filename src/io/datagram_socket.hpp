#pragma once

#include <cstdint>
#include <span>

#include "hawser/base/datagram.hpp"

namespace hawser::io {

/// Counts of a socket since it was opened. A datagram is one UDP payload, alone or inside a segmented (GSO)
/// or coalesced (GRO) message; bytes are payload bytes. A message is what one entry of sendmmsg or recvmmsg
/// carries.
struct SocketCounters {
  std::uint64_t rx_datagrams = 0;     ///< datagrams received
  std::uint64_t rx_bytes = 0;         ///< bytes of rx_datagrams
  std::uint64_t rx_messages = 0;      ///< messages received; fewer than rx_datagrams when GRO works
  std::uint64_t rx_truncated = 0;     ///< messages dropped because they were larger than the receive memory
  std::uint64_t rx_dropped_full = 0;  ///< messages dropped because the kernel's receive buffer was full
  std::uint64_t rx_errors = 0;        ///< errors queued on the socket (unreachable, device gone), ignored

  std::uint64_t tx_datagrams = 0;     ///< datagrams that the kernel accepted
  std::uint64_t tx_bytes = 0;         ///< bytes of tx_datagrams
  std::uint64_t tx_messages = 0;      ///< messages sent; fewer than tx_datagrams when GSO works
  std::uint64_t tx_dropped_full = 0;  ///< datagrams dropped because the send buffer or device queue was full
  std::uint64_t tx_too_big = 0;       ///< datagrams larger than the MTU of their route (EMSGSIZE)
  std::uint64_t tx_unreachable = 0;  ///< datagrams without a route, to a dead device, or rejected by a filter
  std::uint64_t tx_errors = 0;       ///< datagrams that the kernel rejected for another reason
  std::uint64_t gso_fallbacks = 0;   ///< batches with a segmented message that the kernel rejected
};

/// A UDP socket that receives and sends batches and never blocks. Owns its receive memory; never interprets
/// datagrams, never sends one again, and reports network errors only by its counters: to the congestion
/// control, a datagram that could not leave is a lost one.
class DatagramSocket {
 public:
  DatagramSocket() = default;
  virtual ~DatagramSocket() = default;
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  /// Returns a batch of datagrams in order of arrival, in the socket's own memory: valid and writable until
  /// the next receive(). Empty: no datagram is waiting. More may be waiting than one batch holds; call until
  /// empty, or wait until the descriptor is readable again.
  [[nodiscard]] virtual std::span<ReceivedDatagram> receive() = 0;

  /// Sends all datagrams of the batch in order to batch.route.remote, from batch.route.local unless that is
  /// the wildcard, with the ECN field and DSCP of the batch, and with DF set (over IPv6: unfragmented) unless
  /// batch.may_fragment. When the kernel's send buffer is full, the rest waits in the socket, up to a few
  /// batches, and leaves when there is room again.
  virtual void send(const TransmitBatch& batch) = 0;

  /// A descriptor that is readable while datagrams wait to be received, or can leave that had to wait:
  /// receive() sends those. For the event loop, which neither reads nor closes it.
  [[nodiscard]] virtual int native_handle() const = 0;

  /// The socket's number in the routes of received datagrams.
  [[nodiscard]] virtual SocketId id() const = 0;

  /// The bound address, with the port that the kernel chose if the configured one was 0.
  [[nodiscard]] virtual UdpAddress local_address() const = 0;

  /// Counts since the socket was opened.
  [[nodiscard]] virtual const SocketCounters& counters() const = 0;
};

}  // namespace hawser::io
