#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "hawser/base/datagram.hpp"
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
/// Owns what it remembers of each (uplink, remote). Judges by the bytes alone and never asks the engine.
class WireMonitor {
 public:
  WireMonitor(Violations& violations, std::string host, std::size_t path_mtu)
      : violations_(violations), host_(std::move(host)), path_mtu_(path_mtu) {}

  /// The host itself chose this remote for connect(): what it sends there is not an answer.
  void on_connect(UplinkId uplink, const UdpAddress& remote);
  /// The host adds this way: only the ASCONF may leave on it until it is acknowledged (RFC 5061 §4.3, F8).
  void on_add_path(UplinkId uplink, const UdpAddress& remote);
  void on_remove_path(UplinkId uplink, const UdpAddress& remote);
  /// The host has no association any more.
  void on_all_gone() { remotes_.clear(); }

  void on_sent(Timestamp now, UplinkId uplink, const SimDatagram& datagram);
  void on_received(Timestamp now, UplinkId uplink, const SimDatagram& datagram);

  /// When the first ASCONF, and the first DATA, left for this remote; kNever when none did.
  [[nodiscard]] Timestamp first_asconf(UplinkId uplink, const UdpAddress& remote) const;
  [[nodiscard]] Timestamp first_data(UplinkId uplink, const UdpAddress& remote) const;

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
  };
  using Key = std::pair<UplinkId, UdpAddress>;

  void check_form(Timestamp now, const SimDatagram& datagram);
  void check_joining(Timestamp now, UplinkId uplink, const SimDatagram& datagram, Remote& remote);
  void note_sent_chunks(Timestamp now, Remote& remote);
  void complain(Timestamp now, UplinkId uplink, const SimDatagram& datagram, const std::string& what);

  Violations& violations_;
  std::string host_;
  std::size_t path_mtu_;
  std::map<Key, Remote> remotes_;
  PacketView view_;
};

}  // namespace hawser::sim
