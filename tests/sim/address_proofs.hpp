#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/datagram.hpp"
#include "sim/packet_view.hpp"

namespace hawser::sim {

/// Which remote addresses may have proven themselves to one protected host, by what can be seen on the wires
/// without any key:
///
///     the host ── challenge ──► address … ──► a peer receives these bytes
///     the host ◄─── answer ──── address … ◄── the peer sent these bytes after that
///
/// The address need not be the peer's: whoever passes everything on both ways passes proofs on, too. An
/// address that swallows either of them can have proven nothing, whatever else comes from it. The unsealed
/// packets of a handshake need less: a State Cookie that came back (RFC 9260 §5.1).
///
/// Owns hashes of payloads, of unproven addresses only. Never opens a packet, never asks the engine.
class AddressProofs {
 public:
  /// Somebody's address, in the association whose packets to it carry `tag`.
  struct Place {
    UplinkId uplink;
    UdpAddress remote;
    std::uint32_t tag = 0;
    auto operator<=>(const Place&) const = default;
  };

  // What the host itself does. The views are the payloads taken apart.
  void on_sent(const Place& to, const PacketView& view, Bytes payload);
  void on_received(UplinkId uplink, const UdpAddress& from, const PacketView& view, Bytes payload);
  // What any other host does.
  void on_peer_received(Bytes payload);
  void on_peer_sent(Bytes payload);

  /// Packets of every kind may go there.
  [[nodiscard]] bool proven(const Place& place) const;
  /// The same of an address, whatever association proved it.
  [[nodiscard]] bool proven(UplinkId uplink, const UdpAddress& remote) const;
  /// Packets of a handshake may.
  [[nodiscard]] bool cookie_returned(const Place& place) const;

 private:
  struct Proof {
    bool challenged = false;  ///< a peer has received what was sent there
    bool proven = false;
    bool cookie_returned = false;
    std::set<std::uint64_t> challenges;
    std::set<std::uint64_t> answers;  ///< what the peer has sent since
    std::set<std::uint64_t> cookies;  ///< in the INIT ACKs that went there
  };
  [[nodiscard]] bool undecided() const { return proven_ != proofs_.size(); }

  std::map<Place, Proof> proofs_;
  std::size_t proven_ = 0;
};

}  // namespace hawser::sim
