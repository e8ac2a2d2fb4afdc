#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser {

class BufferPool;

/// Owns a run of bytes: a block of a pool, or (when larger than the pool's blocks) a block of its own.
/// Move-only. The pool outlives its buffers; both belong to one thread.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      reset();
      block_ = std::exchange(other.block_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { reset(); }

  [[nodiscard]] explicit operator bool() const { return block_ != nullptr; }
  [[nodiscard]] std::byte* data();
  [[nodiscard]] const std::byte* data() const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const;
  /// Sets the size; `size` must not exceed capacity(). Contents are kept, new bytes are unspecified.
  void resize(std::size_t size) { size_ = static_cast<std::uint32_t>(size); }
  [[nodiscard]] Bytes bytes() const { return {data(), size_}; }
  [[nodiscard]] MutableBytes bytes() { return {data(), size_}; }
  /// Gives the block back.
  void reset();

 private:
  friend class BufferPool;
  struct Block {
    BufferPool* pool;
    std::uint32_t capacity;
  };
  Buffer(Block* block, std::size_t size) : block_(block), size_(static_cast<std::uint32_t>(size)) {}

  Block* block_ = nullptr;
  std::uint32_t size_ = 0;
};

/// Blocks of one size, recycled: after warm-up, neither acquire() nor the release of a Buffer allocates.
class BufferPool {
 public:
  static constexpr std::size_t kDefaultBlockSize = 2048;

  explicit BufferPool(std::size_t block_size = kDefaultBlockSize) : block_size_(block_size) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A buffer of `size` bytes, contents unspecified.
  [[nodiscard]] Buffer acquire(std::size_t size);
  /// A buffer holding a copy of `bytes`.
  [[nodiscard]] Buffer copy(Bytes bytes);

  [[nodiscard]] std::size_t block_size() const { return block_size_; }
  /// Blocks handed out and not yet back (large ones included).
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

 private:
  friend class Buffer;
  void release(Buffer::Block* block);
  [[nodiscard]] Buffer::Block* allocate(std::size_t capacity);

  std::size_t block_size_;
  std::size_t in_use_ = 0;
  std::vector<Buffer::Block*> free_;
};

inline std::byte* Buffer::data() {
  return block_ == nullptr ? nullptr : reinterpret_cast<std::byte*>(block_ + 1);
}
inline const std::byte* Buffer::data() const {
  return block_ == nullptr ? nullptr : reinterpret_cast<const std::byte*>(block_ + 1);
}
inline std::size_t Buffer::capacity() const {
  return block_ == nullptr ? 0 : block_->capacity;
}

}  // namespace hawser
