#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "sim/event_queue.hpp"
#include "sim/inner/packet.hpp"

namespace hawser::sim::inner {

/// A host inside the tunnel, or at the end of a plain link: passes packets to the sockets of its protocols,
/// answers echo requests, and checks every packet. Owns no socket.
class InnerHost {
 public:
  InnerHost(EventQueue& events, std::uint32_t address) : events_(events), address_(address) {}
  InnerHost(const InnerHost&) = delete;
  InnerHost& operator=(const InnerHost&) = delete;

  /// Takes the packets that this host sends.
  std::function<void(Packet&&)> on_send;

  /// Receives the packets of one protocol to one port (ICMP: echo replies with this identifier).
  using Receiver = std::function<void(const IpView&)>;
  void bind(Protocol protocol, std::uint16_t port, Receiver receiver) {
    receivers_[{protocol, port}] = std::move(receiver);
  }
  void send(Packet&& packet) {
    if (on_send) on_send(std::move(packet));
  }
  /// A packet arrives.
  void receive(Bytes packet);

  /// The header of a packet from this host.
  [[nodiscard]] IpHeader header_to(std::uint32_t destination, Protocol protocol) const {
    return {.source = address_, .destination = destination, .protocol = protocol};
  }
  [[nodiscard]] std::uint32_t address() const { return address_; }
  [[nodiscard]] EventQueue& events() { return events_; }
  [[nodiscard]] Timestamp now() const { return events_.now(); }
  /// Packets that no receiver could use: malformed, to another host, or to a port without a receiver.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  /// ICMP errors "fragmentation needed".
  [[nodiscard]] std::uint64_t too_big() const { return too_big_; }

 private:
  void receive_icmp(const IpView& packet);
  void pass(const IpView& packet, std::uint16_t port);

  EventQueue& events_;
  std::uint32_t address_;
  std::map<std::pair<Protocol, std::uint16_t>, Receiver> receivers_;
  std::uint64_t refused_ = 0;
  std::uint64_t too_big_ = 0;
};

}  // namespace hawser::sim::inner
