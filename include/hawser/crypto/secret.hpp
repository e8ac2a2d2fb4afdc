#pragma once

#include <cstddef>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

/// Bytes that must not leak: never swapped out where the system lets us lock memory, never in a core dump,
/// wiped on destruction. Owns its memory. Cannot be copied by accident, compared or printed.
class SecretBytes {
 public:
  SecretBytes() = default;
  /// `size` zero bytes. Throws std::bad_alloc.
  explicit SecretBytes(std::size_t size);
  /// A copy of `bytes`, whose owner wipes the original.
  static SecretBytes copy_of(Bytes bytes);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  [[nodiscard]] Bytes view() const { return {data_, size_}; }
  [[nodiscard]] MutableBytes writable() { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Keeps the first `size` bytes and wipes the others.
  void shrink(std::size_t size);

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Overwrites `bytes` with zeros in a way that no compiler leaves out.
void wipe(MutableBytes bytes);

/// Makes OpenSSL wipe every block of memory that it frees: TLS and AEAD objects leave secrets in theirs. To
/// be called first thing in main(), before anything used OpenSSL; otherwise returns false and changes
/// nothing.
bool wipe_freed_openssl_memory();

/// Keeps keys out of this process's core dumps, away from debuggers of the same user (PR_SET_DUMPABLE), and
/// out of memory that OpenSSL has freed. Call it first in main(), before anything uses OpenSSL. False: one of
/// the two failed.
[[nodiscard]] bool protect_process_memory();

}  // namespace hawser::crypto
