#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "hawser/base/datagram.hpp"
#include "hawser/sctp/status.hpp"
#include "sim/address_validation.hpp"
#include "sim/link.hpp"
#include "sim/packet_view.hpp"
#include "sim/violations.hpp"

namespace hawser::sim {

/// Observes the datagrams of one host and checks what it must never send.
///
///               ┌──────────────┐   sent: well formed, valid CRC32c, within the MTU;
///   engine ◄──► │ WireMonitor  │         a joining path carries only ASCONF (after AUTH) until acknowledged;
///               └──────┬───────┘         an address that is not validated gets at most 3 times the bytes
///                      ▼                 received from it
///                    links
///
/// For a protected host (docs/protocol.md) it also checks that
/// - each INIT gets at most one answer, which is not larger than the INIT, and unauthenticated senders get
///   nothing else;
/// - packets that are not sealed belong to a handshake, and no packet of an association is unsealed after its
///   first record;
/// - no record number is used twice, which would end secrecy;
/// - an address that is not validated gets no record that could hold user data (AddressValidation).
///
/// Owns its notes about each (socket, remote). Judges by the bytes alone, with one exception: where the
/// acknowledgement that ends the joining of a path is sealed, it queries the engine for the path's state.
class WireMonitor {
 public:
  WireMonitor(Violations& violations, std::string host, std::size_t path_mtu, bool sealed)
      : violations_(violations), host_(std::move(host)), path_mtu_(path_mtu), sealed_(sealed) {}

  /// Returns the state of a path of the engine.
  std::function<std::optional<sctp::PathState>(SocketId, const UdpAddress&)> path_state;
  /// Largest record that cannot hold user data. Larger where a peer asks for large control chunks.
  std::size_t max_sealed_validation = 400;

  /// The host connects to this remote. What it sends there is not an answer.
  void on_connect(SocketId socket, const UdpAddress& remote);
  /// The host adds this path: only the ASCONF may use it until it is acknowledged (RFC 5061 §4.3, F8).
  void on_add_path(SocketId socket, const UdpAddress& remote);
  void on_remove_path(SocketId socket, const UdpAddress& remote);
  /// The host has no association and no keys left.
  void on_all_gone() {
    remotes_.clear();
    records_.clear();
  }

  /// The host sent, or received, this datagram.
  void on_sent(Timestamp now, SocketId socket, const SimDatagram& datagram);
  void on_received(Timestamp now, SocketId socket, const SimDatagram& datagram);
  /// Another host sent, or received, this datagram.
  void on_peer_sent(const SimDatagram& datagram);
  void on_peer_received(const SimDatagram& datagram);

  [[nodiscard]] const AddressValidation& address_validation() const { return address_validation_; }
  /// When the first ASCONF, or the first DATA, was sent to this remote; kNever when there was none. In
  /// protected mode, the first packet to a joining path counts as ASCONF, and one that is too large for
  /// anything else counts as DATA.
  [[nodiscard]] Timestamp first_asconf(SocketId socket, const UdpAddress& remote) const;
  [[nodiscard]] Timestamp first_data(SocketId socket, const UdpAddress& remote) const;

 private:
  struct Remote {
    bool joining = false;
    bool validated = false;
    std::uint64_t bytes_sent = 0;  ///< UDP payloads
    std::uint64_t bytes_received = 0;
    Timestamp first_asconf = kNever;
    Timestamp first_data = kNever;
    std::set<std::uint32_t> asconf_serials;
    std::set<std::string> nonces;  ///< information fields of the HEARTBEATs sent there
    std::uint64_t inits_received = 0;
    std::uint64_t inits_answered = 0;
    std::size_t largest_init = 0;
  };
  /// The packets of one association that the host has sent, by their verification tag.
  struct Records {
    std::optional<std::pair<SocketId, UdpAddress>> first;  ///< the destination of the first record
    Timestamp begun = kNever;
    std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint64_t> next;  ///< by epoch and path id
  };
  using Key = std::pair<SocketId, UdpAddress>;

  void check_form(Timestamp now, const SimDatagram& datagram);
  void check_record(Timestamp now, SocketId socket, const SimDatagram& datagram);
  void check_unsealed(Timestamp now, SocketId socket, const SimDatagram& datagram, Remote& remote);
  void check_amplification(Timestamp now, SocketId socket, const SimDatagram& datagram, Remote& remote);
  void check_sealed_join(Timestamp now, SocketId socket, const SimDatagram& datagram, Remote& remote);
  [[nodiscard]] bool may_send_freely(SocketId socket, const SimDatagram& datagram, const Remote& remote);
  void check_joining(Timestamp now, SocketId socket, const SimDatagram& datagram, Remote& remote);
  void note_sent_chunks(Timestamp now, Remote& remote);
  void complain(Timestamp now, SocketId socket, const SimDatagram& datagram, const std::string& what);

  Violations& violations_;
  std::string host_;
  std::size_t path_mtu_;
  std::map<Key, Remote> remotes_;
  PacketView view_;
  bool sealed_;
  AddressValidation address_validation_;
  std::map<std::uint32_t, Records> records_;
};

}  // namespace hawser::sim
