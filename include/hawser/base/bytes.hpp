#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace hawser {

/// Bytes that belong to another owner, read-only.
using Bytes = std::span<const std::byte>;
/// Bytes that belong to another owner, writable.
using MutableBytes = std::span<std::byte>;

/// Reads a number in network byte order from the sizeof(T) bytes at `at`, which need no alignment.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const std::byte* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(v);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(v);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(v);
  return v;
}

/// Writes a number in network byte order to the sizeof(T) bytes at `at`, which need no alignment.
template <std::unsigned_integral T>
inline void store_be(std::byte* at, T v) {
  if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
  if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
  if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
  std::memcpy(at, &v, sizeof v);
}

/// `n` rounded up to the 4-byte boundary on which chunks and parameters end (RFC 9260 §3.2).
[[nodiscard]] constexpr std::size_t padded4(std::size_t n) {
  return (n + 3) & ~std::size_t{3};
}

/// Reads big-endian fields from a bounded range. After a read past the end, ok() is false and every read
/// returns zero, so that a parser can read all fields and check ok() once. Owns nothing.
class ByteReader {
 public:
  /// Reads `bytes` from its first byte on.
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  /// Reads 1 byte.
  std::uint8_t u8() { return get<std::uint8_t>(); }
  /// Reads 2 bytes.
  std::uint16_t u16() { return get<std::uint16_t>(); }
  /// Reads 4 bytes.
  std::uint32_t u32() { return get<std::uint32_t>(); }
  /// Reads 8 bytes.
  std::uint64_t u64() { return get<std::uint64_t>(); }

  /// Reads `n` bytes without a copy; empty when fewer are left, which clears ok().
  Bytes take(std::size_t n) {
    if (n > rest_.size()) {
      fail();
      return {};
    }
    const Bytes taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  /// Reads all bytes that are left.
  Bytes take_rest() { return take(rest_.size()); }

  /// Whether all reads so far were within the range.
  [[nodiscard]] bool ok() const { return ok_; }
  /// Whether no byte is left.
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  /// Bytes left.
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

 private:
  template <class T>
  T get() {
    const Bytes raw = take(sizeof(T));
    return raw.empty() ? T{} : load_be<T>(raw.data());
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  Bytes rest_;
  bool ok_ = true;
};

/// Writes big-endian fields into a bounded range. A write that does not fit writes nothing and clears ok().
/// Owns nothing.
class ByteWriter {
 public:
  /// Writes to `room` from its first byte on.
  explicit ByteWriter(MutableBytes room) : room_(room) {}

  /// Writes 1 byte.
  void u8(std::uint8_t v) { put(v); }
  /// Writes 2 bytes.
  void u16(std::uint16_t v) { put(v); }
  /// Writes 4 bytes.
  void u32(std::uint32_t v) { put(v); }
  /// Writes 8 bytes.
  void u64(std::uint64_t v) { put(v); }

  /// Writes a copy of `data`.
  void bytes(Bytes data) {
    if (std::byte* at = claim(data.size()); at != nullptr && !data.empty())
      std::memcpy(at, data.data(), data.size());
  }
  /// Writes `n` zero bytes.
  void zeros(std::size_t n) {
    if (std::byte* at = claim(n); at != nullptr && n != 0) std::memset(at, 0, n);
  }
  /// Writes zero bytes until size() is a multiple of 4.
  void pad4() { zeros(padded4(used_) - used_); }

  /// Overwrites two bytes written earlier, such as a length field. Does nothing beyond size().
  void patch_u16(std::size_t offset, std::uint16_t v) {
    if (offset + 2 <= used_) store_be(room_.data() + offset, v);
  }

  /// Whether all writes so far fitted.
  [[nodiscard]] bool ok() const { return ok_; }
  /// Bytes written.
  [[nodiscard]] std::size_t size() const { return used_; }
  /// Bytes that still fit.
  [[nodiscard]] std::size_t remaining() const { return room_.size() - used_; }
  /// The written part of the range.
  [[nodiscard]] MutableBytes written() const { return room_.first(used_); }

 private:
  template <class T>
  void put(T v) {
    if (std::byte* at = claim(sizeof v)) store_be(at, v);
  }
  std::byte* claim(std::size_t n) {
    if (n > remaining()) {
      ok_ = false;
      return nullptr;
    }
    std::byte* at = room_.data() + used_;
    used_ += n;
    return at;
  }

  MutableBytes room_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace hawser
