#pragma once

#include <cstddef>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

/// Secret bytes in memory that is wiped on destruction, left out of core dumps and, where the system permits
/// it, locked against swapping. Owns its memory. Cannot be copied implicitly, compared or printed. When
/// most of the locked arena is used, the bytes lie in ordinary memory, which is wiped as well.
class SecretBytes {
 public:
  SecretBytes() = default;
  /// `size` zero bytes. Throws std::bad_alloc.
  explicit SecretBytes(std::size_t size);
  /// A copy of `bytes`. The caller wipes the original. Throws std::bad_alloc.
  static SecretBytes copy_of(Bytes bytes);

  /// Takes the memory over; `other` is empty afterwards.
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  /// The bytes; valid until the object is moved from or destroyed.
  [[nodiscard]] Bytes view() const { return {data_, size_}; }
  /// The bytes, writable; valid until the object is moved from or destroyed.
  [[nodiscard]] MutableBytes writable() { return {data_, size_}; }
  /// Number of bytes.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Whether size() is zero.
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Keeps the first `size` bytes, at most size(), and wipes the others.
  void shrink(std::size_t size);

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Overwrites `bytes` with zeros; the compiler cannot remove this as a dead store.
void wipe(MutableBytes bytes);

/// Makes OpenSSL wipe every block of memory that it frees, because TLS and AEAD objects leave secrets there.
/// Call it first in main(): once OpenSSL has been used, it returns false and changes nothing.
bool wipe_freed_openssl_memory();

/// Keeps keys out of this process's core dumps, away from debuggers of the same user (PR_SET_DUMPABLE), and
/// out of memory that OpenSSL has freed. Call it first in main(), before anything uses OpenSSL. False: one of
/// the two failed.
[[nodiscard]] bool protect_process_memory();

}  // namespace hawser::crypto
