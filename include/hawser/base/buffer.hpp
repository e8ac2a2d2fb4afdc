#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser {

class BufferPool;

/// Owns a contiguous run of bytes: a block of a pool, or a block of its own when it is larger than the pool's
/// blocks. Move-only; a default-constructed or moved-from buffer has no block. The pool outlives its buffers,
/// and both belong to one thread.
class Buffer {
 public:
  Buffer() = default;
  /// Takes the block over; `other` has none afterwards.
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

  /// Whether there is a block, which may still hold zero bytes.
  [[nodiscard]] explicit operator bool() const { return block_ != nullptr; }
  /// The first byte; null without a block.
  [[nodiscard]] std::byte* data();
  /// The first byte; null without a block.
  [[nodiscard]] const std::byte* data() const;
  /// Bytes in use.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Whether size() is zero.
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Bytes that the block can hold; 0 without a block.
  [[nodiscard]] std::size_t capacity() const;
  /// Sets the size; `size` must not exceed capacity(). Existing bytes are kept, new bytes are unspecified.
  void resize(std::size_t size) { size_ = static_cast<std::uint32_t>(size); }
  /// The bytes in use; valid until the buffer is moved from, reset or destroyed.
  [[nodiscard]] Bytes bytes() const { return {data(), size_}; }
  /// The bytes in use, writable; valid until the buffer is moved from, reset or destroyed.
  [[nodiscard]] MutableBytes bytes() { return {data(), size_}; }
  /// Returns the block to the pool.
  void reset();

 private:
  friend class BufferPool;
  /// Head of a block of memory; its bytes follow.
  struct Block {
    BufferPool* pool;
    std::uint32_t capacity;
  };
  Buffer(Block* block, std::size_t size) : block_(block), size_(static_cast<std::uint32_t>(size)) {}

  Block* block_ = nullptr;
  std::uint32_t size_ = 0;
};

/// Owns blocks of one size and recycles them: after warm-up, neither acquire() nor the release of a Buffer
/// allocates, except for buffers larger than a block. After a peak it keeps as many free blocks as are in
/// use, and kSpareBlocks more; further ones go back to the system.
class BufferPool {
 public:
  static constexpr std::size_t kDefaultBlockSize = 2048;  ///< bytes
  static constexpr std::size_t kSpareBlocks = 4096;       ///< free blocks that are kept in any case

  /// Blocks of `block_size` bytes; none is allocated yet.
  explicit BufferPool(std::size_t block_size = kDefaultBlockSize) : block_size_(block_size) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// Returns a buffer of `size` bytes with unspecified contents. Throws std::bad_alloc.
  [[nodiscard]] Buffer acquire(std::size_t size);
  /// Returns a buffer that holds a copy of `bytes`. Throws std::bad_alloc.
  [[nodiscard]] Buffer copy(Bytes bytes);

  /// Bytes of one block.
  [[nodiscard]] std::size_t block_size() const { return block_size_; }
  /// Blocks that buffers hold at this moment, large ones included.
  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  /// Blocks that are kept for the next buffers.
  [[nodiscard]] std::size_t spare() const { return free_.size(); }

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
