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

/// Brings an association up, from our INIT or the peer's State Cookie until the application may use it (RFC
/// 9260 §5), and again when the peer restarts. Owns what the handshake settles for the association as a
/// whole. Never ends an association: it returns when one has to end.
class Establishment {
 public:
  Establishment(Components& parts, InternalMessages& messages) : parts_(parts), messages_(messages) {}

  // --- our INIT
  void start(Timestamp now, const Route& first, std::optional<crypto::PublicKey> peer);
  /// The INIT ACK was accepted: the COOKIE ECHO leaves. Returns how the association ends when the peer breaks
  /// a rule.
  [[nodiscard]] std::optional<Ended> on_init_acked(const Packet& packet,
                                                   const handshake::AcceptedInitAck& ack);
  void on_cookie_acked(Timestamp now) { establish(now, Event::Kind::connected); }
  /// The cookie was stale: a new INIT leaves.
  void init_again(Timestamp now);

  // --- the peer's State Cookie
  void accept(Timestamp now, const handshake::StateCookie& cookie);
  /// RFC 9260 §5.2.4, cases B and D.
  void on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie);
  /// RFC 9260 §5.2.4, case A: what was unacknowledged is gone, and the streams start again.
  void restart(Timestamp now, const handshake::StateCookie& cookie);

  /// Runs the key exchange of a protected association. Call after any input and timeout.
  [[nodiscard]] std::optional<Ended> advance_keys(Timestamp now);
  [[nodiscard]] std::optional<Ended> on_timeout(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;

  // --- getters
  [[nodiscard]] bool handshaking() const { return parts_.initiator.has_value(); }
  [[nodiscard]] Readiness readiness() const;
  /// The application knows the association.
  [[nodiscard]] bool confirmed() const { return confirmed_; }
  /// Our INIT began the association: this end knows its uplinks, and the peer learns them.
  [[nodiscard]] bool started_by_us() const { return started_by_us_; }
  /// The peer's first a_rwnd, from which new paths take their ssthresh (RFC 9260 §7.2.1).
  [[nodiscard]] std::size_t peer_window() const { return peer_window_; }
  [[nodiscard]] std::uint16_t inbound_streams() const { return inbound_streams_; }
  [[nodiscard]] std::uint16_t outbound_streams() const { return outbound_streams_; }

 private:
  void send_cookie_echo(Timestamp now);
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
  bool confirmed_ = false;  ///< the application knows the association
  Event::Kind opened_as_ = Event::Kind::connected;
  std::vector<IpAddress> listed_addresses_;  ///< by the peer, until the association is confirmed
  std::size_t peer_window_ = 0;
  std::uint16_t inbound_streams_ = 0;
  std::uint16_t outbound_streams_ = 0;
};

}  // namespace hawser::sctp::association
