#pragma once

#include <vector>

#include "sctp/security/record_layer.hpp"

namespace hawser::sctp::test {

/// The keys of an epoch; another `secret` gives other keys.
inline crypto::RecordKeys keys_of(crypto::TlsRole role, std::uint8_t epoch, std::uint8_t secret = 0,
                                  crypto::Cipher cipher = crypto::Cipher::aes_128_gcm) {
  const std::vector<std::byte> exported(32, static_cast<std::byte>(secret));
  return crypto::derive_record_keys(cipher, role, epoch, exported, nullptr);
}

/// A packet that is ready to be sealed: common header, room, `size` bytes of chunks, room.
inline std::vector<std::byte> unsealed_packet(std::size_t size) {
  std::vector<std::byte> packet(wire::kSealedHeadSize + size + crypto::kAeadTagSize);
  wire::CommonHeader{9899, 9898, VerificationTag{0x1234'5678}, 0}.store(packet.data());
  for (std::size_t i = 0; i < size; ++i) packet[wire::kSealedHeadSize + i] = static_cast<std::byte>(i * 7);
  return packet;
}

/// The packet after it was sealed and opened: the common header, and the chunks directly after it.
inline std::vector<std::byte> opened_packet(std::size_t size) {
  std::vector<std::byte> packet = unsealed_packet(size);
  packet.erase(packet.begin() + wire::kCommonHeaderSize, packet.begin() + wire::kSealedHeadSize);
  packet.resize(packet.size() - crypto::kAeadTagSize);
  return packet;
}

/// Both ends of an association, with the keys of epoch 0.
struct RecordEnds {
  explicit RecordEnds(bool zero_checksum = true, crypto::Cipher which = crypto::Cipher::aes_128_gcm)
      : cipher(which), ours(zero_checksum), theirs(zero_checksum) {
    install(0);
  }

  /// Installs an epoch at both ends; both seal with it from now on.
  void install(std::uint8_t number) {
    const Epoch epoch{number};
    ours.install(epoch, keys_of(crypto::TlsRole::client, number, number, cipher));
    ours.send_with(epoch);
    theirs.install(epoch, keys_of(crypto::TlsRole::server, number, number, cipher));
    theirs.send_with(epoch);
  }
  /// A sealed packet of this end over `path`; empty when no record number is left.
  std::vector<std::byte> seal(std::size_t size = 64) { return seal(path, size); }
  std::vector<std::byte> seal(path::RecordNumbers& numbers, std::size_t size = 64) {
    std::vector<std::byte> packet = unsealed_packet(size);
    if (!ours.seal(packet, numbers)) packet.clear();
    return packet;
  }
  /// Opens a copy at the other end. Returns why it was dropped, or nothing.
  std::optional<DropReason> refusal(std::vector<std::byte> packet) {
    const auto opened = theirs.open(packet);
    return opened ? std::nullopt : std::optional(opened.error());
  }
  bool opens(const std::vector<std::byte>& packet) { return !refusal(packet).has_value(); }

  crypto::Cipher cipher;
  security::RecordLayer ours;
  security::RecordLayer theirs;
  path::RecordNumbers path;
};

}  // namespace hawser::sctp::test
