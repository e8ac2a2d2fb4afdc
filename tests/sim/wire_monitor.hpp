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
#include "sim/address_proofs.hpp"
#include "sim/link.hpp"
#include "sim/packet_view.hpp"
#include "sim/violations.hpp"

namespace hawser::sim {

/// Stands on the wire of one host and knows what may never be seen there.
///
///                  ┌──────────────┐   sent: well formed, right CRC32c, within the MTU;
///     engine ◄───► │ WireMonitor  │         a path that joins sees its ASCONF (after AUTH) only, until
///     acknowledged;
///                  └──────┬───────┘         an unproven address gets at most 3 times the bytes that came
///                  from it
///                         ▼
///                       links
///
/// Of a protected host (docs/protocol.md) it also knows that
/// - an INIT is answered once at most, by no more bytes than it has, and strangers hear nothing else;
/// - what is not sealed belongs to a handshake, and nothing of an association is unsealed after the first
/// record;
/// - no record number is used twice: that would be the end of secrecy;
/// - who has not proven the address gets no record that could hold user data (AddressProofs).
///
/// Owns what it remembers of each (uplink, remote). Judges by the bytes alone, and asks the engine one thing
/// only: whether a path still joins, where the acknowledgement that ends it is sealed.
class WireMonitor {
 public:
  WireMonitor(Violations& violations, std::string host, std::size_t path_mtu, bool sealed)
      : violations_(violations), host_(std::move(host)), path_mtu_(path_mtu), sealed_(sealed) {}

  /// Where to ask for the state of a path of the engine.
  std::function<std::optional<sctp::PathState>(SocketId, const UdpAddress&)> path_state;

  /// The host itself chose this remote for connect(): what it sends there is not an answer.
  void on_connect(SocketId uplink, const UdpAddress& remote);
  /// The host adds this way: only the ASCONF may leave on it until it is acknowledged (RFC 5061 §4.3, F8).
  void on_add_path(SocketId uplink, const UdpAddress& remote);
  void on_remove_path(SocketId uplink, const UdpAddress& remote);
  /// The host has no association any more, and no keys.
  void on_all_gone() {
    remotes_.clear();
    records_.clear();
  }

  void on_sent(Timestamp now, SocketId uplink, const SimDatagram& datagram);
  void on_received(Timestamp now, SocketId uplink, const SimDatagram& datagram);
  /// Another host has sent, or got, this.
  void on_peer_sent(const SimDatagram& datagram);
  void on_peer_received(const SimDatagram& datagram);

  [[nodiscard]] const AddressProofs& proofs() const { return proofs_; }
  /// When the first ASCONF, and the first DATA, left for this remote; kNever when none did. Sealed, the first
  /// packet to a joining path counts as ASCONF, and one too large for anything else as DATA.
  [[nodiscard]] Timestamp first_asconf(SocketId uplink, const UdpAddress& remote) const;
  [[nodiscard]] Timestamp first_data(SocketId uplink, const UdpAddress& remote) const;

 private:
  struct Remote {
    bool joining = false;
    bool proven = false;
    std::uint64_t bytes_sent = 0;  ///< UDP payloads
    std::uint64_t bytes_received = 0;
    Timestamp first_asconf = kNever;
    Timestamp first_data = kNever;
    std::set<std::uint32_t> asconf_serials;
    std::set<std::string> nonces;  ///< information fields of HEARTBEATs sent there
    std::uint64_t inits_received = 0;
    std::uint64_t inits_answered = 0;
    std::size_t largest_init = 0;
  };
  /// The packets of one association that the host has sent, by the tag on them.
  struct Records {
    std::optional<std::pair<SocketId, UdpAddress>> first;  ///< where the first one went
    Timestamp begun = kNever;
    std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint64_t> next;  ///< by epoch and path id
  };
  using Key = std::pair<SocketId, UdpAddress>;

  void check_form(Timestamp now, const SimDatagram& datagram);
  void check_record(Timestamp now, SocketId uplink, const SimDatagram& datagram);
  void check_unsealed(Timestamp now, SocketId uplink, const SimDatagram& datagram, Remote& remote);
  void check_amplification(Timestamp now, SocketId uplink, const SimDatagram& datagram, Remote& remote);
  void check_sealed_join(Timestamp now, SocketId uplink, const SimDatagram& datagram, Remote& remote);
  [[nodiscard]] bool may_send_freely(SocketId uplink, const SimDatagram& datagram, const Remote& remote);
  void check_joining(Timestamp now, SocketId uplink, const SimDatagram& datagram, Remote& remote);
  void note_sent_chunks(Timestamp now, Remote& remote);
  void complain(Timestamp now, SocketId uplink, const SimDatagram& datagram, const std::string& what);

  Violations& violations_;
  std::string host_;
  std::size_t path_mtu_;
  std::map<Key, Remote> remotes_;
  PacketView view_;
  bool sealed_;
  AddressProofs proofs_;
  std::map<std::uint32_t, Records> records_;
};

}  // namespace hawser::sim
