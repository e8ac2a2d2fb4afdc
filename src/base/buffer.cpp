#include "hawser/base/buffer.hpp"

#include <new>

namespace hawser {

Buffer BufferPool::acquire(std::size_t size) {
  Buffer::Block* block = nullptr;
  if (size > block_size_) {
    block = allocate(size);
  } else if (free_.empty()) {
    block = allocate(block_size_);
  } else {
    block = free_.back();
    free_.pop_back();
  }
  ++in_use_;
  return Buffer(block, size);
}

Buffer BufferPool::copy(Bytes bytes) {
  Buffer buffer = acquire(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return buffer;
}

BufferPool::~BufferPool() {
  for (Buffer::Block* block : free_) ::operator delete(block);
}

Buffer::Block* BufferPool::allocate(std::size_t capacity) {
  void* raw = ::operator new(sizeof(Buffer::Block) + capacity);
  return new (raw) Buffer::Block{this, static_cast<std::uint32_t>(capacity)};
}

void BufferPool::release(Buffer::Block* block) {
  --in_use_;
  if (block->capacity == block_size_ && free_.size() < kSpareBlocks + in_use_) {
    free_.push_back(block);
  } else {
    ::operator delete(block);
  }
}

void Buffer::reset() {
  if (block_ == nullptr) return;
  block_->pool->release(std::exchange(block_, nullptr));
  size_ = 0;
}

}  // namespace hawser
