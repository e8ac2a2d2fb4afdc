#include "hawser/crypto/secret.hpp"

#include <malloc.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace hawser::crypto {
namespace {

// Bytes of OpenSSL's secure heap, which holds our secrets and OpenSSL's private keys: one arena, locked into
// memory, left out of core dumps, between two guard pages.
constexpr std::size_t kArenaSize = 512U * 1024;
constexpr std::size_t kMinBlock = 32;  // bytes of the smallest block of the arena
// What our secrets may use of it. OpenSSL cannot work without room in the arena: it gives no random bytes
// then.
constexpr std::size_t kOurShare = kArenaSize / 4 * 3;

void set_up_arena() {
  // Without the permission to lock memory, the arena works but is not locked.
  static const int once = CRYPTO_secure_malloc_init(kArenaSize, kMinBlock);
  static_cast<void>(once);
}

std::byte* allocate(std::size_t size) {
  set_up_arena();
  // A hub with thousands of pre-shared keys has more secrets than fit: they use ordinary memory, which is
  // wiped as well.
  const bool fits = CRYPTO_secure_used() + size <= kOurShare;
  void* data = fits ? OPENSSL_secure_zalloc(size) : nullptr;
  if (data == nullptr) data = OPENSSL_zalloc(size);
  if (data == nullptr) throw std::bad_alloc();
  return static_cast<std::byte*>(data);
}

void release(std::byte* data, std::size_t size) {
  if (data != nullptr) OPENSSL_secure_clear_free(data, size);
}

void* plain_malloc(std::size_t size, const char*, int) {
  return std::malloc(size);
}

void wiping_free(void* block, const char*, int) {
  if (block == nullptr) return;
  OPENSSL_cleanse(block, malloc_usable_size(block));
  std::free(block);
}

void* wiping_realloc(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return std::malloc(size);
  const std::size_t old_size = malloc_usable_size(block);
  if (size != 0 && size <= old_size) return block;
  void* grown = size == 0 ? nullptr : std::malloc(size);
  if (size != 0 && grown == nullptr) return nullptr;
  if (grown != nullptr) std::memcpy(grown, block, old_size);
  wiping_free(block, file, line);
  return grown;
}

}  // namespace

SecretBytes::SecretBytes(std::size_t size) : size_(size), capacity_(size) {
  if (size != 0) data_ = allocate(size);
}

SecretBytes SecretBytes::copy_of(Bytes bytes) {
  SecretBytes copy(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    release(data_, capacity_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  release(data_, capacity_);
}

void SecretBytes::shrink(std::size_t size) {
  assert(size <= size_);
  wipe(writable().subspan(size));
  size_ = size;
}

void wipe(MutableBytes bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

bool wipe_freed_openssl_memory() {
  return CRYPTO_set_mem_functions(plain_malloc, wiping_realloc, wiping_free) == 1;
}

bool protect_process_memory() {
  return wipe_freed_openssl_memory() && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

}  // namespace hawser::crypto
