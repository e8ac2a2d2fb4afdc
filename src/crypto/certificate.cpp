#include "crypto/certificate.hpp"

#include <stdexcept>

namespace hawser::crypto {

CertificatePtr make_certificate(EVP_PKEY* key) {
  CertificatePtr certificate(X509_new());
  if (certificate == nullptr) throw std::bad_alloc();
  X509* const x509 = certificate.get();
  X509_NAME* const name = X509_get_subject_name(x509);
  static constexpr unsigned char kName[] = "hawser";
  // RFC 5280 §4.1.2.5: this date means "no well-defined expiration date".
  const bool ok = X509_set_version(x509, X509_VERSION_3) == 1 &&
                  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
                  ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "19700101000000Z") == 1 &&
                  ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "99991231235959Z") == 1 &&
                  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, kName, -1, -1, 0) == 1 &&
                  X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, key) == 1 &&
                  X509_sign(x509, key, nullptr) != 0;
  if (!ok) throw std::runtime_error("openssl cannot make an ed25519 certificate");
  return certificate;
}

}  // namespace hawser::crypto
