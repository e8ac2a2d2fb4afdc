#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sctp/association/chunk_router.hpp"
#include "sctp/association/components.hpp"
#include "sctp/association/internal_messages.hpp"
#include "sctp/handshake/state_cookie.hpp"

namespace hawser::sctp::association {

using security::Readiness;

/// Establishes an association, from our INIT or the peer's State Cookie until the user may use it (RFC 9260
/// §5), and again when the peer restarts. Owns the results of the handshake for the association as a whole.
/// Never ends an association: it returns when one has to end.
class Establishment {
 public:
  /// Both arguments outlive it.
  Establishment(Components& parts, InternalMessages& messages) : parts_(parts), messages_(messages) {}

  // --- our INIT
  /// Sends the INIT over `first`; `peer` is the peer's public key, in a protected endpoint.
  void start(Timestamp now, const Route& first, std::optional<crypto::PublicKey> peer);
  /// The INIT ACK was accepted: sends the COOKIE ECHO. Returns how the association ends when the peer
  /// violates the protocol.
  [[nodiscard]] std::optional<Ended> on_init_acked(const Packet& packet,
                                                   const handshake::AcceptedInitAck& ack);
  /// The COOKIE ACK arrived: the association is established.
  void on_cookie_acked(Timestamp now) { establish(now, Event::Kind::connected); }
  /// Sends the COOKIE ECHO, again if the cookie was renewed.
  void send_cookie_echo(Timestamp now);
  /// The cookie was stale: sends a new INIT.
  void init_again(Timestamp now);

  // --- unsealed packets
  /// See Association::authenticate().
  [[nodiscard]] Result<wire::PacketView, DropReason> authenticate(const wire::PacketView& packet) const;
  /// An authentic packet arrived over `route` before there are keys.
  void follow_source(const Route& route);

  // --- the peer's State Cookie
  /// Establishes a new association from a valid cookie, and acknowledges it.
  void accept(Timestamp now, const handshake::StateCookie& cookie);
  /// RFC 9260 §5.2.4, cases B and D.
  void on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie);
  /// RFC 9260 §5.2.4, case A: unacknowledged messages are discarded, and the streams restart.
  void restart(Timestamp now, const handshake::StateCookie& cookie);

  /// Runs the key exchange of a protected association. To be called after any input and timeout. Returns how
  /// the association ends when the exchange fails.
  [[nodiscard]] std::optional<Ended> advance_keys(Timestamp now) {
    if (parts_.keys == nullptr) return std::nullopt;
    return advance_key_exchange(now);
  }
  /// Repeats INIT or COOKIE ECHO. Returns how the association ends when the handshake fails.
  [[nodiscard]] std::optional<Ended> on_timeout(Timestamp now);
  /// The next deadline of the handshake; kNever: none.
  [[nodiscard]] Timestamp next_timeout() const;

  // --- getters
  /// Whether our INIT or COOKIE ECHO waits for its answer.
  [[nodiscard]] bool handshaking() const { return parts_.initiator.has_value(); }
  /// How far the association is established.
  [[nodiscard]] Readiness readiness() const {
    if (handshaking()) return Readiness::handshake;
    if (confirmed_ || parts_.keys == nullptr) return Readiness::confirmed;
    return parts_.keys->readiness();
  }
  /// Whether the user has got the event for the established association.
  [[nodiscard]] bool confirmed() const { return confirmed_; }
  /// Whether our INIT began the association: then this end has the uplinks, and joins paths.
  [[nodiscard]] bool started_by_us() const { return started_by_us_; }
  /// The peer's first a_rwnd, from which new paths take their ssthresh (RFC 9260 §7.2.1).
  [[nodiscard]] std::size_t peer_window() const { return peer_window_; }
  /// The number of streams from the peer.
  [[nodiscard]] std::uint16_t inbound_streams() const { return inbound_streams_; }
  /// The number of streams to the peer.
  [[nodiscard]] std::uint16_t outbound_streams() const { return outbound_streams_; }

 private:
  void sign_packets(security::HandshakeMac&& mac);
  void follow_cookie(const Route& route);
  [[nodiscard]] std::optional<Ended> advance_key_exchange(Timestamp now);
  void acknowledge_cookie(const Route& route);
  void agree_on_keys(crypto::TlsRole role, const handshake::PeerInit& peer,
                     const crypto::Sha256Digest& transcript, Timestamp now);
  void adopt(const handshake::PeerInit& peer);
  void establish(Timestamp now, Event::Kind kind);
  void confirm();
  void add_listed_addresses();
  void reject_joining_paths();
  path::Path& keep_only_path_to(const Route& route);

  Components& parts_;
  InternalMessages& messages_;
  bool started_by_us_ = false;
  bool confirmed_ = false;  ///< the user has got the event
  Event::Kind opened_as_ = Event::Kind::connected;
  std::optional<Route> earlier_route_;       ///< of the path, before the peer returned a renewed cookie
  std::vector<IpAddress> listed_addresses_;  ///< those of the peer, until the association is confirmed
  std::size_t peer_window_ = 0;
  std::uint16_t inbound_streams_ = 0;
  std::uint16_t outbound_streams_ = 0;
};

}  // namespace hawser::sctp::association
