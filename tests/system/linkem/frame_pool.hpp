#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace hawser::linkem {

using FrameId = std::uint32_t;

/// Owns frame buffers of equal size. Allocates them in slabs on demand and reuses them; at its limit, take()
/// returns fewer.
class FramePool {
 public:
  FramePool(std::size_t frame_size, std::size_t limit) : frame_size_(frame_size), limit_(limit) {}

  /// Fills `out` up to the limit of the pool; returns the number of frames.
  std::size_t take(std::span<FrameId> out) {
    std::size_t taken = 0;
    for (; taken < out.size(); ++taken) {
      if (free_.empty() && !grow()) break;
      out[taken] = free_.back();
      free_.pop_back();
    }
    return taken;
  }

  void give_back(FrameId id) { free_.push_back(id); }
  std::byte* data(FrameId id) { return &slabs_[id / kSlab][(id % kSlab) * frame_size_]; }
  std::size_t frame_size() const { return frame_size_; }

 private:
  static constexpr std::size_t kSlab = 256;

  bool grow() {
    const std::size_t first = slabs_.size() * kSlab;
    if (first + kSlab > limit_) return false;
    slabs_.push_back(std::make_unique<std::byte[]>(kSlab * frame_size_));
    for (std::size_t n = kSlab; n-- > 0;) free_.push_back(static_cast<FrameId>(first + n));
    return true;
  }

  std::size_t frame_size_;
  std::size_t limit_;
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
  std::vector<FrameId> free_;
};

}  // namespace hawser::linkem
