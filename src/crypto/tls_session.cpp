#include "crypto/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cassert>
#include <optional>
#include <stdexcept>
#include <string>

#include "crypto/certificate.hpp"
#include "crypto/evp_key.hpp"

namespace hawser::crypto {
namespace {

/// Frees OpenSSL's TLS objects.
struct SslDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, SslDeleter>;
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

// Translates OpenSSL's first error (RFC 8446 §6.2 lists the alerts).
TlsFailure classify(unsigned long error) {
  if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) {
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? TlsFailure::internal : TlsFailure::malformed;
  }
  switch (const int reason = ERR_GET_REASON(error)) {
    case SSL_R_BAD_SIGNATURE: return TlsFailure::bad_signature;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return TlsFailure::no_peer_certificate;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return TlsFailure::unsupported_version;
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return TlsFailure::no_common_algorithm;
    case SSL_R_EXCESSIVE_MESSAGE_SIZE: return TlsFailure::too_large;
    case ERR_R_MALLOC_FAILURE:
    case ERR_R_INTERNAL_ERROR: return TlsFailure::internal;
    default: return reason >= SSL_AD_REASON_OFFSET ? TlsFailure::refused_by_peer : TlsFailure::malformed;
  }
}

std::runtime_error no_tls() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return std::runtime_error(std::string("openssl does not offer tls 1.3 with x25519 and ed25519: ") +
                            (reason != nullptr ? reason : "unknown reason"));
}

}  // namespace

/// The key and the certificate of one end, as OpenSSL has them.
struct TlsIdentity::Impl {
  EvpKeyPtr key;
  CertificatePtr certificate;
};

/// Owns OpenSSL's session, whose input and output are memory buffers, and the state derived from it.
struct TlsSession::Impl {
  SslPtr ssl;
  std::function<bool(const PublicKey&)> accept_peer;
  std::optional<PublicKey> peer;
  TlsState state = TlsState::in_progress;
  TlsFailure failure = TlsFailure::none;
  TlsFailure certificate_failure = TlsFailure::none;
  std::size_t input = 0;  ///< bytes fed so far, at most kMaxInput

  void start(SSL_CTX* context, const TlsIdentity::Impl& own);
  void advance();
  void read_after_handshake();
  void fail(TlsFailure reason);
  void fail_from_openssl();

  static ContextPtr make_context(const SSL_METHOD* method);
  static SSL_CTX* client_context();
  static SSL_CTX* server_context();
  static int judge_certificate(X509_STORE_CTX* store, void*) noexcept;
  TlsFailure judge(X509* certificate);
};

// Makes the context of a role, which all sessions share: it holds the rules and no key.
ContextPtr TlsSession::Impl::make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(method));
  SSL_CTX* const ctx = context.get();
  const bool ok =
      ctx != nullptr && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
      SSL_CTX_set1_groups_list(ctx, "X25519") == 1 && SSL_CTX_set1_sigalgs_list(ctx, "ed25519") == 1 &&
      SSL_CTX_set1_client_sigalgs_list(ctx, "ed25519") == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1;
  if (!ok) throw no_tls();
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, static_cast<long>(kMaxCertificateChain));
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, judge_certificate, nullptr);
  return context;
}

SSL_CTX* TlsSession::Impl::client_context() {
  static const ContextPtr context = make_context(TLS_client_method());
  return context.get();
}

SSL_CTX* TlsSession::Impl::server_context() {
  static const ContextPtr context = make_context(TLS_server_method());
  return context.get();
}

void TlsSession::Impl::start(SSL_CTX* context, const TlsIdentity::Impl& own) {
  ERR_clear_error();
  ssl.reset(SSL_new(context));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    throw std::bad_alloc();
  }
  SSL_set_bio(ssl.get(), in, out);
  SSL_set_app_data(ssl.get(), this);
  if (SSL_use_certificate(ssl.get(), own.certificate.get()) != 1 ||
      SSL_use_PrivateKey(ssl.get(), own.key.get()) != 1)
    throw no_tls();
}

// Replaces OpenSSL's certificate verification: only the key counts, nothing else in the certificate. OpenSSL
// then checks the peer's CertificateVerify, which proves that the peer has the private half.
int TlsSession::Impl::judge_certificate(X509_STORE_CTX* store, void*) noexcept {
  const void* ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  Impl& self = *static_cast<Impl*>(SSL_get_app_data(static_cast<const SSL*>(ssl)));
  self.certificate_failure = self.judge(X509_STORE_CTX_get0_cert(store));
  if (self.certificate_failure == TlsFailure::none) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

TlsFailure TlsSession::Impl::judge(X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_is_a(key, "ED25519") != 1) return TlsFailure::unsupported_certificate;
  std::array<std::byte, kKeySize> raw;
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1 ||
      size != kKeySize) {
    return TlsFailure::unsupported_certificate;
  }
  peer = PublicKey::from_bytes(raw);
  return accept_peer(*peer) ? TlsFailure::none : TlsFailure::wrong_peer_key;
}

void TlsSession::Impl::advance() {
  ERR_clear_error();
  if (state == TlsState::in_progress) {
    const int result = SSL_do_handshake(ssl.get());
    if (result != 1) {
      if (SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ) fail_from_openssl();
      return;
    }
    state = TlsState::done;
  }
  read_after_handshake();
}

// After the handshake only an alert may arrive: a server rejects a client's certificate when the client is
// already done.
void TlsSession::Impl::read_after_handshake() {
  unsigned char byte = 0;
  const int result = SSL_read(ssl.get(), &byte, 1);
  if (result > 0) return fail(TlsFailure::unexpected_data);
  const int error = SSL_get_error(ssl.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) return fail(TlsFailure::refused_by_peer);
  if (error != SSL_ERROR_WANT_READ) fail_from_openssl();
}

void TlsSession::Impl::fail_from_openssl() {
  const TlsFailure reason = classify(ERR_peek_error());
  ERR_clear_error();
  fail(certificate_failure != TlsFailure::none ? certificate_failure : reason);
}

void TlsSession::Impl::fail(TlsFailure reason) {
  state = TlsState::failed;
  failure = reason;
}

// A policy that forbids an algorithm shows here, before the first handshake: the contexts of both roles, the
// signature of the certificate, and a session that takes key and certificate.
TlsIdentity::TlsIdentity(const PrivateKey& own_key) : impl_(std::make_unique<Impl>()) {
  impl_->key = make_ed25519_key(own_key.seed());
  impl_->certificate = make_certificate(impl_->key.get());
  TlsSession::Impl{}.start(TlsSession::Impl::server_context(), *impl_);
  TlsSession::Impl{}.start(TlsSession::Impl::client_context(), *impl_);
}

TlsIdentity::TlsIdentity(TlsIdentity&&) noexcept = default;
TlsIdentity& TlsIdentity::operator=(TlsIdentity&&) noexcept = default;
TlsIdentity::~TlsIdentity() = default;

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

TlsSession TlsSession::client(const TlsIdentity& own, const PublicKey& expected_peer) {
  auto impl = std::make_unique<Impl>();
  impl->accept_peer = [expected_peer](const PublicKey& key) { return key == expected_peer; };
  impl->start(Impl::client_context(), *own.impl_);
  SSL_set_connect_state(impl->ssl.get());
  impl->advance();
  return TlsSession(std::move(impl));
}

TlsSession TlsSession::server(const TlsIdentity& own, std::function<bool(const PublicKey&)> accept_peer) {
  auto impl = std::make_unique<Impl>();
  impl->accept_peer = std::move(accept_peer);
  impl->start(Impl::server_context(), *own.impl_);
  SSL_set_accept_state(impl->ssl.get());
  return TlsSession(std::move(impl));
}

void TlsSession::feed(Bytes stream) {
  if (impl_->state == TlsState::failed || stream.empty()) return;
  if (stream.size() > kMaxInput - impl_->input) return impl_->fail(TlsFailure::too_large);
  impl_->input += stream.size();
  if (BIO_write(SSL_get_rbio(impl_->ssl.get()), stream.data(), static_cast<int>(stream.size())) < 0) {
    return impl_->fail(TlsFailure::internal);
  }
  impl_->advance();
}

std::vector<std::byte> TlsSession::take_output() {
  BIO* const bio = SSL_get_wbio(impl_->ssl.get());
  std::vector<std::byte> out(BIO_ctrl_pending(bio));
  if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
  return out;
}

TlsState TlsSession::state() const {
  return impl_->state;
}

TlsFailure TlsSession::failure() const {
  return impl_->failure;
}

const PublicKey& TlsSession::peer_key() const {
  assert(impl_->peer.has_value());
  return *impl_->peer;
}

SecretBytes TlsSession::export_key(std::string_view label, Bytes context, std::size_t size) const {
  assert(impl_->state == TlsState::done);
  SecretBytes key(size);
  const auto* context_bytes = reinterpret_cast<const unsigned char*>(context.data());
  if (SSL_export_keying_material(impl_->ssl.get(), reinterpret_cast<unsigned char*>(key.writable().data()),
                                 size, label.data(), label.size(), context_bytes, context.size(), 1) != 1) {
    throw std::runtime_error("openssl cannot export a key");
  }
  return key;
}

std::string_view describe(TlsFailure failure) {
  switch (failure) {
    case TlsFailure::none: return "no failure";
    case TlsFailure::wrong_peer_key: return "the peer's public key is not accepted";
    case TlsFailure::bad_signature: return "the peer does not have the private key of its public key";
    case TlsFailure::no_peer_certificate: return "the peer sent no certificate";
    case TlsFailure::unsupported_certificate: return "the peer's key is not ed25519";
    case TlsFailure::unsupported_version: return "the peer does not support tls 1.3";
    case TlsFailure::no_common_algorithm: return "the peer has no algorithm in common with us";
    case TlsFailure::refused_by_peer: return "the peer rejected the handshake";
    case TlsFailure::malformed: return "the peer's handshake is malformed";
    case TlsFailure::too_large: return "the peer's handshake is too large";
    case TlsFailure::unexpected_data: return "the peer sent data instead of a handshake";
    case TlsFailure::internal: return "openssl failed";
  }
  return "unknown";
}

}  // namespace hawser::crypto
