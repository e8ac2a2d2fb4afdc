#pragma once

#include <cstdint>
#include <span>

#include "hawser/base/datagram.hpp"

namespace hawser::io {

/// What a socket did since it was opened. Datagrams are UDP payloads, whether they travelled alone or in a
/// segmented (GSO) or coalesced (GRO) message; bytes are payload bytes.
struct SocketCounters {
  std::uint64_t rx_datagrams = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_messages =
      0;  ///< messages handed over by the kernel; fewer than rx_datagrams when GRO works
  std::uint64_t rx_truncated = 0;     ///< messages larger than the receive buffer, dropped
  std::uint64_t rx_dropped_full = 0;  ///< messages that found the kernel's receive buffer full
  std::uint64_t rx_errors =
      0;  ///< errors queued on the socket (unreachable, device gone), read and set aside

  std::uint64_t tx_datagrams = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_messages = 0;  ///< messages given to the kernel; fewer than tx_datagrams when GSO works
  std::uint64_t tx_dropped_full = 0;  ///< datagrams that found the kernel's send buffer or device queue full
  std::uint64_t tx_too_big = 0;       ///< datagrams larger than the MTU of the way out (EMSGSIZE)
  std::uint64_t tx_unreachable =
      0;  ///< datagrams without a way out: no route, device down or gone, refused by a filter
  std::uint64_t tx_errors = 0;      ///< datagrams refused by the kernel for any other reason
  std::uint64_t gso_fallbacks = 0;  ///< segmented messages that the kernel refused and that left one by one
};

/// One uplink's UDP socket: batches in, batches out, never blocking. Owns its receive memory; knows nothing
/// of what the datagrams mean, never retries and never reports a network error other than by its counters:
/// the congestion control above sees a datagram that could not leave as a lost one.
class DatagramSocket {
 public:
  DatagramSocket() = default;
  virtual ~DatagramSocket() = default;
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  /// One batch of datagrams in order of arrival, in the socket's own memory: valid (and writable) until the
  /// next receive(). Empty: nothing is waiting. A batch may be smaller than what is waiting; call until
  /// empty, or wait for readability.
  [[nodiscard]] virtual std::span<ReceivedDatagram> receive() = 0;

  /// Sends every datagram of the batch, in order, to batch.route.remote, from batch.route.local unless that
  /// is a wildcard; with DF (over IPv6: unfragmented) unless batch.may_fragment. When the kernel's buffer is
  /// full the rest of the batch is dropped and counted.
  virtual void send(const TransmitBatch& batch) = 0;

  /// A descriptor that is readable while datagrams wait; for the event loop, which must neither read nor
  /// close it.
  [[nodiscard]] virtual int native_handle() const = 0;

  /// The local number that received routes carry.
  [[nodiscard]] virtual SocketId id() const = 0;

  /// The address it is bound to, with the port that the kernel chose when 0 was asked for.
  [[nodiscard]] virtual UdpAddress local_address() const = 0;

  [[nodiscard]] virtual const SocketCounters& counters() const = 0;
};

}  // namespace hawser::io
