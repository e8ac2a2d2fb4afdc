#pragma once

#include <openssl/x509.h>

#include <memory>

#include "crypto/evp_key.hpp"

namespace hawser::crypto {

struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using CertificatePtr = std::unique_ptr<X509, CertificateDeleter>;

/// The wrapping that TLS wants around a bare key: self-signed, valid for ever, the same name for everybody,
/// so that it says no more than the key does. Throws std::runtime_error when OpenSSL refuses.
[[nodiscard]] CertificatePtr make_certificate(EVP_PKEY* key);

}  // namespace hawser::crypto
