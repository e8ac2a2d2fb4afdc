#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "hawser/crypto/keys.hpp"

namespace hawser::crypto {

enum class TlsState : std::uint8_t { in_progress, done, failed };

/// Why a session failed.
enum class TlsFailure : std::uint8_t {
  none,
  wrong_peer_key,           ///< the peer has another key than the one that is pinned
  bad_signature,            ///< the peer does not have the private half of the key that it shows
  no_peer_certificate,      ///< the peer sent none
  unsupported_certificate,  ///< its key is not Ed25519
  unsupported_version,      ///< something older than TLS 1.3
  no_common_algorithm,      ///< no X25519, no Ed25519, or no cipher suite of ours
  refused_by_peer,          ///< the peer sent an alert
  malformed,                ///< the bytes are no TLS handshake, or a signature or checksum is wrong
  too_large,                ///< more bytes than a handshake may have
  unexpected_data,          ///< application data: this session carries nothing but a handshake
  internal,                 ///< OpenSSL refused to work (no memory, a policy of the system)
};
[[nodiscard]] std::string_view describe(TlsFailure failure);

/// One TLS 1.3 handshake (RFC 8446) between two keys, over any reliable ordered stream: feed() what came,
/// send what take_output() gives. X25519 and Ed25519 only, both sides authenticated by their bare key in a
/// self-signed certificate whose dates and names mean nothing; no tickets, no resumption, no early data,
/// nothing older. Owns its buffers, which a peer cannot grow beyond kMaxInput. Never carries user data: what
/// it is for is peer_key() and export_key().
///
/// Randomness is OpenSSL's own, so that two simulated runs of one seed differ in the bytes of the handshake,
/// though not in their number.
///
/// A client is done before the server has judged its certificate (RFC 8446 §4.4): a client learns that it was
/// accepted from the server's first record under the exported keys, or that it was not from an alert: it
/// keeps feeding what still comes.
class TlsSession {
 public:
  /// All the bytes that a session takes from its peer, ever.
  static constexpr std::size_t kMaxInput = 64 * 1024;
  /// The certificate chain that a peer may send, of which only the first certificate counts.
  static constexpr std::size_t kMaxCertificateChain = 32 * 1024;

  /// Throw std::runtime_error when OpenSSL cannot work at all (an algorithm is forbidden by the system's
  /// policy). The first output, the ClientHello, is there at once.
  static TlsSession client(const PrivateKey& own_key, const PublicKey& expected_peer);
  static TlsSession server(const PrivateKey& own_key, std::function<bool(const PublicKey&)> accept_peer);

  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;
  ~TlsSession();

  /// The next bytes of the stream, cut anywhere. After failure they are ignored.
  void feed(Bytes stream);
  /// Everything to send since the last call, in order; empty when there is nothing. After failure, the alert.
  [[nodiscard]] std::vector<std::byte> take_output();

  [[nodiscard]] TlsState state() const;
  [[nodiscard]] TlsFailure failure() const;
  /// Expects that the state is or was `done`.
  [[nodiscard]] const PublicKey& peer_key() const;
  /// Keying material bound to this handshake, `label` and `context` (RFC 8446 §7.5): the same on both sides.
  /// Expects state `done`.
  [[nodiscard]] SecretBytes export_key(std::string_view label, Bytes context, std::size_t size) const;

 private:
  struct Impl;
  explicit TlsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::crypto
