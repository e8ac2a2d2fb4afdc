#pragma once

#include <cstdint>
#include <vector>

#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::endpoint {

/// Finds the association of a verification tag. Tags are random, so they serve as their own hash: open
/// addressing with linear probing, at most half full. Never owns an association.
template <class Association>
class TagTable {
 public:
  /// An empty table.
  TagTable() : slots_(16) {}

  /// Adds a tag, which must not be in the table.
  void insert(VerificationTag tag, Association* association) {
    if (2 * (used_ + 1) > slots_.size()) rehash(2 * slots_.size());
    place(tag, association);
    ++used_;
  }
  /// Removes a tag, which must be in the table.
  void erase(VerificationTag tag) {
    for (Slot& slot : slots_) {
      if (slot.association != nullptr && slot.tag == tag) slot = {};
    }
    --used_;
    rehash(slots_.size());  // closes the gap in the probe sequences; associations end rarely
  }
  /// The association of a tag, or null.
  [[nodiscard]] Association* find(VerificationTag tag) const {
    for (std::size_t i = tag.value() & mask();; i = (i + 1) & mask()) {
      if (slots_[i].association == nullptr || slots_[i].tag == tag) return slots_[i].association;
    }
  }

 private:
  struct Slot {
    VerificationTag tag;
    Association* association = nullptr;
  };
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  void place(VerificationTag tag, Association* association) {
    std::size_t i = tag.value() & mask();
    while (slots_[i].association != nullptr) i = (i + 1) & mask();
    slots_[i] = {tag, association};
  }
  void rehash(std::size_t capacity) {
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.association != nullptr) place(slot.tag, slot.association);
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace hawser::sctp::endpoint
