#pragma once

#include <cstdint>

#include "hawser/base/datagram.hpp"
#include "sctp/auth/auth.hpp"
#include "sctp/control/packet_tap.hpp"
#include "sctp/security/secure_channel.hpp"
#include "sctp/tx/packet_builder.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// Begins and finishes packets: the one place where every packet of ours gets its common header, and its
/// CRC32c (RFC 9260 §6.8) or its seal (docs/protocol.md). Owns the header fields; borrows the keys. Never
/// decides what a packet holds.
class PacketWriter {
 public:
  /// Finished packets are reported to `tap`, if given, which outlives the writer.
  PacketWriter(std::uint16_t local_port, std::uint16_t peer_port, const control::PacketTap* tap = nullptr)
      : local_port_(local_port), peer_port_(peer_port), tap_(tap) {}

  [[nodiscard]] std::uint16_t peer_port() const { return peer_port_; }
  [[nodiscard]] VerificationTag peer_tag() const { return peer_tag_; }
  void set_peer_tag(VerificationTag tag) { peer_tag_ = tag; }
  /// AUTH as negotiated; outlives the writer. Null: no chunk is authenticated.
  void set_auth(const auth::Auth* auth) { auth_ = auth; }
  /// The keys, which outlive the writer. Null: plain SCTP. Packets are sealed once there are keys.
  void set_channel(security::SecureChannel* channel) { channel_ = channel; }
  [[nodiscard]] bool seals() const { return channel_ != nullptr && channel_->up(); }

  /// A packet in `room`, under the peer's tag.
  [[nodiscard]] PacketBuilder begin(MutableBytes room) const { return begin(room, peer_tag_); }
  [[nodiscard]] PacketBuilder begin(MutableBytes room, VerificationTag tag) const;
  /// Finishes every packet of a batch in place; `numbers` are those of its path. False: the path has no
  /// number left under these keys, and the batch must not leave.
  [[nodiscard]] bool finish(Timestamp now, TransmitBatch& batch, path::RecordNumbers& numbers) const;
  /// The same for a single packet that leaves by `route`.
  [[nodiscard]] bool finish(Timestamp now, const Route& route, MutableBytes packet,
                            path::RecordNumbers& numbers) const;
  /// Finishes a packet that plain SCTP sends.
  static void finish_plain(MutableBytes packet);

 private:
  std::uint16_t local_port_;
  std::uint16_t peer_port_;
  VerificationTag peer_tag_;
  const auth::Auth* auth_ = nullptr;
  security::SecureChannel* channel_ = nullptr;
  const control::PacketTap* tap_;
};

}  // namespace hawser::sctp::tx
