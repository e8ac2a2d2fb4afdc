#include "unit/crypto/raw_tls_peer.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string>

#include "crypto/certificate.hpp"
#include "crypto/evp_key.hpp"
#include "hawser/crypto/random.hpp"

namespace hawser::crypto::test {
namespace {

void check(bool ok) {
  if (!ok) throw std::runtime_error("cannot set up the TLS peer of the test");
}

// A valid certificate of slightly more than `size` bytes.
CertificatePtr large_certificate(EVP_PKEY* key, std::size_t size) {
  CertificatePtr certificate = make_certificate(key);
  const std::string comment(size, 'x');
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_netscape_comment, comment.c_str());
  check(extension != nullptr && X509_add_ext(certificate.get(), extension, -1) == 1);
  X509_EXTENSION_free(extension);
  check(X509_sign(certificate.get(), key, nullptr) != 0);
  return certificate;
}

}  // namespace

RawTlsPeer::RawTlsPeer(Role role)
    : context_(SSL_CTX_new(role == Role::client ? TLS_client_method() : TLS_server_method())),
      ssl_(SSL_new(context_.get())) {
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  if (role == Role::client) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

void RawTlsPeer::use_key(const PrivateKey& key) {
  const EvpKeyPtr evp = make_ed25519_key(key.seed());
  const CertificatePtr certificate = make_certificate(evp.get());
  check(SSL_use_certificate(ssl_.get(), certificate.get()) == 1 &&
        SSL_use_PrivateKey(ssl_.get(), evp.get()) == 1);
}

void RawTlsPeer::use_certificate_of_other_key(const PrivateKey& claimed) {
  SystemRandom random;
  const EvpKeyPtr own = make_ed25519_key(PrivateKey::generate(random).seed());
  const EvpKeyPtr theirs = make_ed25519_key(claimed.seed());
  const CertificatePtr certificate = make_certificate(theirs.get());
  // OpenSSL compares the public keys of certificate and private key: pass a private key that states the
  // public key of the certificate.
  std::vector<unsigned char> seed(kKeySize);
  std::size_t size = seed.size();
  check(EVP_PKEY_get_raw_private_key(own.get(), seed.data(), &size) == 1);
  check(SSL_use_certificate(ssl_.get(), certificate.get()) == 1);
  EVP_PKEY_CTX* builder = EVP_PKEY_CTX_new_from_name(nullptr, "ED25519", nullptr);
  std::vector<unsigned char> public_key(kKeySize);
  check(EVP_PKEY_get_raw_public_key(theirs.get(), public_key.data(), &size) == 1);
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string("pub", public_key.data(), public_key.size()),
                             OSSL_PARAM_construct_octet_string("priv", seed.data(), seed.size()),
                             OSSL_PARAM_construct_end()};
  EVP_PKEY* mixed = nullptr;
  check(EVP_PKEY_fromdata_init(builder) == 1 &&
        EVP_PKEY_fromdata(builder, &mixed, EVP_PKEY_KEYPAIR, parameters) == 1);
  EVP_PKEY_CTX_free(builder);
  const EvpKeyPtr key(mixed);
  check(SSL_use_PrivateKey(ssl_.get(), key.get()) == 1);
}

void RawTlsPeer::use_p256_certificate() {
  const EvpKeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate =
      make_certificate(make_ed25519_key(std::vector<std::byte>(kKeySize, std::byte{1})).get());
  check(X509_set_pubkey(certificate.get(), key.get()) == 1 &&
        X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);
  check(SSL_use_certificate(ssl_.get(), certificate.get()) == 1 &&
        SSL_use_PrivateKey(ssl_.get(), key.get()) == 1);
}

void RawTlsPeer::limit_to_tls12() {
  check(SSL_set_max_proto_version(ssl_.get(), TLS1_2_VERSION) == 1);
}

void RawTlsPeer::limit_to_groups(const char* groups) {
  check(SSL_set1_groups_list(ssl_.get(), groups) == 1);
}

void RawTlsPeer::add_chain(std::size_t size) {
  constexpr std::size_t kEach = 1024;
  SystemRandom random;
  const EvpKeyPtr key = make_ed25519_key(PrivateKey::generate(random).seed());
  for (std::size_t added = 0; added < size; added += kEach) {
    check(SSL_add1_chain_cert(ssl_.get(), large_certificate(key.get(), kEach).get()) == 1);
  }
}

void RawTlsPeer::feed(Bytes bytes) {
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  SSL_do_handshake(ssl_.get());
  char ignored[64];
  while (SSL_read(ssl_.get(), ignored, sizeof ignored) > 0) {
  }
  ERR_clear_error();
}

std::vector<std::byte> RawTlsPeer::take_output() {
  if (!done()) SSL_do_handshake(ssl_.get());
  ERR_clear_error();
  BIO* const bio = SSL_get_wbio(ssl_.get());
  std::vector<std::byte> out(BIO_ctrl_pending(bio));
  if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
  return out;
}

void RawTlsPeer::write(std::string_view data) {
  check(SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size())) > 0);
}

void RawTlsPeer::update_keys() {
  check(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1);
}

}  // namespace hawser::crypto::test
