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

/// Which remote addresses may have been validated by one protected host, judged by the datagrams alone,
/// without any key:
///
///     the host ──── probe ────► address … ──► a peer receives these bytes
///     the host ◄─── reply ───── address … ◄── the peer sent these bytes after that
///
/// The address need not belong to the peer: an address that relays everything in both directions relays the
/// validation too. An address that drops either datagram cannot have been validated, whatever else it sends.
///
/// A returned State Cookie validates an address too (RFC 9260 §5.4), but for its association only, as every
/// sender can get a cookie for its own address. Until a peer has sent a sealed packet to that association, it
/// counts for handshake packets only.
///
/// Owns hashes of payloads, only of addresses that are not validated. Never opens a packet and never queries
/// the engine.
class AddressValidation {
 public:
  /// A remote address as one association sees it; `tag` is the verification tag of the packets to it.
  struct Location {
    SocketId socket;
    UdpAddress remote;
    std::uint32_t tag = 0;
    auto operator<=>(const Location&) const = default;
  };

  // Datagrams of the host itself. The views are the parsed payloads.
  void on_sent(const Location& to, const PacketView& view, Bytes payload);
  void on_received(Timestamp now, SocketId socket, const UdpAddress& from, const PacketView& view,
                   Bytes payload);
  // Datagrams of any other host.
  void on_peer_received(Bytes payload);
  void on_peer_sent(Bytes payload);

  /// Whether packets of every kind may be sent there.
  [[nodiscard]] bool validated(const Location& location) const;
  /// Whether any association has validated this address.
  [[nodiscard]] bool validated(SocketId socket, const UdpAddress& remote) const;
  /// When a cookie was last returned from there, or kNever: handshake packets may be sent there. The same
  /// cookie may be returned again within a minute, and is accepted again when its association is gone.
  [[nodiscard]] Timestamp cookie_returned(const Location& location) const;
  /// Whether cookies that were returned from there have made several associations: a cookie moves the
  /// handshake of its association, so that packets of all of them may be sent there.
  [[nodiscard]] bool made_several(const Location& location) const;

 private:
  struct Validation {
    bool probed = false;  ///< a peer has received a datagram that was sent there
    bool validated = false;
    Timestamp cookie_returned = kNever;
    std::set<std::uint64_t> probes;
    std::set<std::uint64_t> replies;  ///< what the peer has sent since then
    std::set<std::uint32_t> made;     ///< our tags of the associations that cookies from there created
    std::set<std::uint64_t> cookies;  ///< in the INIT ACKs that were sent there
  };
  [[nodiscard]] bool undecided() const { return validated_ != validations_.size(); }

  [[nodiscard]] bool validated(const Validation& validation) const;

  std::map<Location, Validation> validations_;
  std::set<std::uint32_t> joined_;  ///< our tags that a peer has used in sealed packets
  std::size_t validated_ = 0;
};

}  // namespace hawser::sim
