#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "hawser/crypto/keys.hpp"

namespace hawser::crypto {

/// Progress of a handshake. `done` can still become `failed` by an alert of the peer.
enum class TlsState : std::uint8_t { in_progress, done, failed };

/// Why a handshake failed.
enum class TlsFailure : std::uint8_t {
  none,                     ///< no failure
  wrong_peer_key,           ///< the peer's key is not accepted
  bad_signature,            ///< the peer does not have the private half of its public key
  no_peer_certificate,      ///< the peer sent no certificate
  unsupported_certificate,  ///< the peer's key is not Ed25519
  unsupported_version,      ///< the peer offers only versions before TLS 1.3
  no_common_algorithm,      ///< the peer offers no X25519, no Ed25519, or none of our cipher suites
  refused_by_peer,          ///< the peer sent an alert
  malformed,                ///< the bytes are not a TLS handshake, or a signature or checksum is wrong
  too_large,                ///< more bytes than kMaxInput or kMaxCertificateChain
  unexpected_data,          ///< application data; a session carries only the handshake
  internal,                 ///< OpenSSL failed (no memory, a policy of the system)
};
/// The failure as text for people.
[[nodiscard]] std::string_view describe(TlsFailure failure);

/// What all handshakes of one private key share: the key in OpenSSL's form, and the self-signed certificate
/// around it. Owns both. Never signs a handshake itself.
class TlsIdentity {
 public:
  /// Makes the certificate, and prepares OpenSSL for both roles. Throws std::runtime_error when OpenSSL does
  /// not offer an algorithm (by the system's policy), std::bad_alloc without memory.
  explicit TlsIdentity(const PrivateKey& own_key);
  /// Takes the key and the certificate over; the other object can only be assigned to or destroyed.
  TlsIdentity(TlsIdentity&&) noexcept;
  TlsIdentity& operator=(TlsIdentity&&) noexcept;
  ~TlsIdentity();

 private:
  friend class TlsSession;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One TLS 1.3 handshake (RFC 8446) between two keys over a reliable ordered stream: the caller passes
/// received bytes to feed() and sends the bytes of take_output(). X25519 and Ed25519 only. Both ends
/// authenticate by a bare key in a self-signed certificate, whose dates and names are ignored. No tickets, no
/// resumption, no early data, no older version. Owns its buffers, which a peer cannot grow beyond kMaxInput.
/// Never carries user data: the results are peer_key() and export_key().
///
/// Random numbers come from OpenSSL, not from a RandomSource: two simulated runs with one seed differ in the
/// bytes of the handshake, though not in their number.
///
/// A client is done before the server has checked its certificate (RFC 8446 §4.4). It learns from the
/// server's first record under the exported keys that it was accepted, or from an alert that it was not. So
/// the caller continues to feed bytes after `done`.
class TlsSession {
 public:
  /// Most bytes that a session accepts from its peer in total. Both flights of a client, or the flight of a
  /// server, have less than 1 KiB.
  static constexpr std::size_t kMaxInput = 8 * 1024;
  /// Most bytes of a certificate chain that a peer may send; only the first certificate counts.
  static constexpr std::size_t kMaxCertificateChain = 4 * 1024;

  /// Begins a handshake as client; take_output() returns the ClientHello immediately. Throws std::bad_alloc
  /// without memory, std::runtime_error when OpenSSL fails.
  static TlsSession client(const TlsIdentity& own, const PublicKey& expected_peer);
  /// Waits for a ClientHello as server; `accept_peer` decides about the client's key. Throws as client()
  /// does.
  static TlsSession server(const TlsIdentity& own, std::function<bool(const PublicKey&)> accept_peer);

  /// Takes the session over; the other object can only be assigned to or destroyed.
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;
  ~TlsSession();

  /// Processes the next bytes of the stream, in pieces of any size. Ignored after a failure.
  void feed(Bytes stream);
  /// The bytes to send since the last call, in order; may be empty. After a failure, these are the alert.
  [[nodiscard]] std::vector<std::byte> take_output();

  /// Progress of the handshake.
  [[nodiscard]] TlsState state() const;
  /// Why the state is `failed`; otherwise `none`.
  [[nodiscard]] TlsFailure failure() const;
  /// The key that the peer has proven. Expects that the state is or was `done`.
  [[nodiscard]] const PublicKey& peer_key() const;
  /// Exports `size` bytes of keying material bound to this handshake, `label` and `context` (RFC 8446 §7.5);
  /// both ends get the same bytes. Expects state `done`.
  [[nodiscard]] SecretBytes export_key(std::string_view label, Bytes context, std::size_t size) const;

 private:
  friend class TlsIdentity;
  struct Impl;
  explicit TlsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::crypto
