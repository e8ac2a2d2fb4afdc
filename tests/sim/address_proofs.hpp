#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/datagram.hpp"
#include "hawser/base/time.hpp"
#include "sim/packet_view.hpp"

namespace hawser::sim {

/// Which remote addresses may have proven themselves to one protected host, by what can be seen on the wires
/// without any key:
///
///     the host ── challenge ──► address … ──► a peer receives these bytes
///     the host ◄─── answer ──── address … ◄── the peer sent these bytes after that
///
/// The address need not be the peer's: whoever passes everything on both ways passes proofs on, too. An
/// address that swallows either of them can have proven nothing, whatever else comes from it.
///
/// A State Cookie that came back is a proof too (RFC 9260 §5.4), but of the association that it made, as
/// anybody may get one for himself: until a peer has sent a sealed packet to that association, for its
/// handshake only.
///
/// Owns hashes of payloads, of unproven addresses only. Never opens a packet, never asks the engine.
class AddressProofs {
 public:
  /// Somebody's address, in the association whose packets to it carry `tag`.
  struct Place {
    SocketId uplink;
    UdpAddress remote;
    std::uint32_t tag = 0;
    auto operator<=>(const Place&) const = default;
  };

  // What the host itself does. The views are the payloads taken apart.
  void on_sent(const Place& to, const PacketView& view, Bytes payload);
  void on_received(Timestamp now, SocketId uplink, const UdpAddress& from, const PacketView& view,
                   Bytes payload);
  // What any other host does.
  void on_peer_received(Bytes payload);
  void on_peer_sent(Bytes payload);

  /// Packets of every kind may go there.
  [[nodiscard]] bool proven(const Place& place) const;
  /// The same of an address, whatever association proved it.
  [[nodiscard]] bool proven(SocketId uplink, const UdpAddress& remote) const;
  /// Packets of a handshake may: when a cookie came back last, or kNever. It may come
  /// again within a minute, and is taken again when its association is gone.
  [[nodiscard]] Timestamp cookie_returned(const Place& place) const;

 private:
  struct Proof {
    bool challenged = false;  ///< a peer has received what was sent there
    bool proven = false;
    Timestamp cookie_returned = kNever;
    std::set<std::uint64_t> challenges;
    std::set<std::uint64_t> answers;  ///< what the peer has sent since
    std::set<std::uint32_t> made;     ///< our tags of the associations that cookies from there made
    std::set<std::uint64_t> cookies;  ///< in the INIT ACKs that went there
  };
  [[nodiscard]] bool undecided() const { return proven_ != proofs_.size(); }

  [[nodiscard]] bool proven(const Proof& proof) const;

  std::map<Place, Proof> proofs_;
  std::set<std::uint32_t> joined_;  ///< our tags that a peer has put on sealed packets
  std::size_t proven_ = 0;
};

}  // namespace hawser::sim
