#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string_view>
#include <vector>

#include "hawser/crypto/keys.hpp"

namespace hawser::crypto::test {

/// A TLS peer that uses OpenSSL directly, accepts every certificate and breaks rules as a test requires. All
/// settings must precede the first feed() or take_output(). Owns the OpenSSL objects.
class RawTlsPeer {
 public:
  enum class Role { client, server };

  explicit RawTlsPeer(Role role);

  /// Uses a certificate of `key`, with the right private key.
  void use_key(const PrivateKey& key);
  /// Uses the certificate of `claimed`, with another private key.
  void use_certificate_of_other_key(const PrivateKey& claimed);
  void use_p256_certificate();
  void limit_to_tls12();
  void limit_to_groups(const char* groups);
  /// Adds certificates of about `size` bytes in total.
  void add_chain(std::size_t size);

  void feed(Bytes bytes);
  std::vector<std::byte> take_output();
  [[nodiscard]] bool done() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  void write(std::string_view data);
  /// Sends a KeyUpdate (RFC 8446 §4.6.3) that requests one in return.
  void update_keys();

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<SSL, Deleter> ssl_;
};

}  // namespace hawser::crypto::test
