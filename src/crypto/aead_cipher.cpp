#include "crypto/aead_cipher.hpp"

#include <openssl/evp.h>

namespace hawser::crypto::detail {

void CipherContextDeleter::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

}  // namespace hawser::crypto::detail
