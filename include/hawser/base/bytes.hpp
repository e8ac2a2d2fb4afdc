#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace hawser {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// Network byte order load and store; `at` must have sizeof(T) bytes.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const std::byte* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(v);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(v);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(v);
  return v;
}

template <std::unsigned_integral T>
inline void store_be(std::byte* at, T v) {
  if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
  if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
  if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
  std::memcpy(at, &v, sizeof v);
}

/// Length rounded up to the 4-byte boundary that chunks and parameters keep (RFC 9260 §3.2).
[[nodiscard]] constexpr std::size_t padded4(std::size_t n) {
  return (n + 3) & ~std::size_t{3};
}

/// Reads big-endian fields from a bounded range. After a read past the end, `ok()` is false and every read
/// yields zero: a parser reads all it wants and asks once.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  std::uint8_t u8() { return get<std::uint8_t>(); }
  std::uint16_t u16() { return get<std::uint16_t>(); }
  std::uint32_t u32() { return get<std::uint32_t>(); }
  std::uint64_t u64() { return get<std::uint64_t>(); }

  Bytes take(std::size_t n) {
    if (n > rest_.size()) {
      fail();
      return {};
    }
    const Bytes taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  Bytes take_rest() { return take(rest_.size()); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
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

/// Writes big-endian fields into a bounded range. A write that does not fit is dropped whole and `ok()` turns
/// false.
class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes room) : room_(room) {}

  void u8(std::uint8_t v) { put(v); }
  void u16(std::uint16_t v) { put(v); }
  void u32(std::uint32_t v) { put(v); }
  void u64(std::uint64_t v) { put(v); }

  void bytes(Bytes data) {
    if (std::byte* at = claim(data.size()); at != nullptr && !data.empty())
      std::memcpy(at, data.data(), data.size());
  }
  void zeros(std::size_t n) {
    if (std::byte* at = claim(n); at != nullptr && n != 0) std::memset(at, 0, n);
  }
  /// Zero bytes up to the next 4-byte boundary of what was written.
  void pad4() { zeros(padded4(used_) - used_); }

  /// Overwrites two bytes written earlier (a length that is known only now).
  void patch_u16(std::size_t offset, std::uint16_t v) {
    if (offset + 2 <= used_) store_be(room_.data() + offset, v);
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] std::size_t remaining() const { return room_.size() - used_; }
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
