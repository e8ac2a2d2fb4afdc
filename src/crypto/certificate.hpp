#pragma once

#include <openssl/x509.h>

#include <memory>

#include "crypto/evp_key.hpp"

namespace hawser::crypto {

/// Frees an OpenSSL certificate.
struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
/// Owns an OpenSSL certificate.
using CertificatePtr = std::unique_ptr<X509, CertificateDeleter>;

/// Makes the certificate that TLS requires around a bare key: self-signed, without expiry, with the same name
/// for every key, so that it contains no information but the key. Throws std::bad_alloc, or
/// std::runtime_error when OpenSSL fails.
[[nodiscard]] CertificatePtr make_certificate(EVP_PKEY* key);

}  // namespace hawser::crypto
