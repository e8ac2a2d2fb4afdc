#pragma once

#include <cstdint>

#include "hawser/base/datagram.hpp"
#include "sctp/auth/auth.hpp"
#include "sctp/control/packet_tap.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/security/secure_channel.hpp"
#include "sctp/tx/packet_builder.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// Begins and finishes packets: the only place where a packet of this end gets its common header, and its
/// CRC32c (RFC 9260 §6.8), its handshake MAC or its seal (docs/protocol.md). Owns the header fields; borrows
/// the keys. Never decides what a packet contains.
class PacketWriter {
 public:
  /// Finished packets are reported to `tap`, if given, which outlives the writer.
  PacketWriter(std::uint16_t local_port, std::uint16_t peer_port, const control::PacketTap* tap = nullptr)
      : local_port_(local_port), peer_port_(peer_port), tap_(tap) {}

  /// The peer's SCTP port.
  [[nodiscard]] std::uint16_t peer_port() const { return peer_port_; }
  /// The peer's verification tag; kNoTag: not known yet.
  [[nodiscard]] VerificationTag peer_tag() const { return peer_tag_; }
  /// Sets the peer's verification tag.
  void set_peer_tag(VerificationTag tag) { peer_tag_ = tag; }
  /// AUTH as negotiated; outlives the writer. Null: no chunk is authenticated.
  void set_auth(const auth::Auth* auth) { auth_ = auth; }
  /// The keys, which outlive the writer; packets are sealed as soon as there are some. Null: plain SCTP.
  void set_channel(security::SecureChannel* channel) { channel_ = channel; }
  /// The keys of the handshake, which outlive the writer; they sign all packets that are not sealed. Null:
  /// such packets get a CRC32c only, as in plain SCTP and for an INIT.
  void set_handshake_mac(const security::HandshakeMac* mac) { handshake_mac_ = mac; }
  /// Whether packets are sealed.
  [[nodiscard]] bool seals() const { return channel_ != nullptr && channel_->up(); }

  /// Begins a packet in `room` with the peer's tag.
  [[nodiscard]] PacketBuilder begin(MutableBytes room) const { return begin(room, peer_tag_); }
  /// Begins a packet in `room` with another verification tag.
  [[nodiscard]] PacketBuilder begin(MutableBytes room, VerificationTag tag) const;
  /// Key (RecordNumbers::key) of the record that the next packet with `numbers` will be; 0 when packets are
  /// not sealed. The packets after it have the keys after it.
  [[nodiscard]] std::uint64_t next_record(const path::RecordNumbers& numbers) const {
    return seals() ? channel_->next_record(numbers) : 0;
  }
  /// Finishes every packet of a batch in place; `numbers` are those of its path. False: the path has no
  /// record number left with these keys, and the batch must not leave.
  [[nodiscard]] bool finish(Timestamp now, TransmitBatch& batch, path::RecordNumbers& numbers) const;
  /// Finishes one packet that leaves by `route`, in place. False: no record number is left, and the packet
  /// must not leave.
  [[nodiscard]] bool finish(Timestamp now, const Route& route, MutableBytes packet,
                            path::RecordNumbers& numbers) const;
  /// Finishes a packet that is not sealed: handshake MAC, if there is one, and CRC32c.
  void finish_unsealed(MutableBytes packet) const;
  /// Writes the CRC32c of a packet that is neither sealed nor signed.
  static void finish_plain(MutableBytes packet);

 private:
  [[nodiscard]] PacketBuilder::Layout layout() const;

  std::uint16_t local_port_;
  std::uint16_t peer_port_;
  VerificationTag peer_tag_;
  const auth::Auth* auth_ = nullptr;
  security::SecureChannel* channel_ = nullptr;
  const security::HandshakeMac* handshake_mac_ = nullptr;
  const control::PacketTap* tap_;
};

}  // namespace hawser::sctp::tx
