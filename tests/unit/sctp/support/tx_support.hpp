#pragma once

#include <initializer_list>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "sctp/tx/outstanding.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/sack.hpp"
#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::test {

/// Gap blocks in the format of a SACK. Owns their memory.
class Gaps {
 public:
  Gaps(std::initializer_list<wire::GapBlock> blocks) : Gaps(std::vector<wire::GapBlock>(blocks)) {}
  explicit Gaps(const std::vector<wire::GapBlock>& blocks) : raw_(blocks.size() * wire::GapBlock::kWireSize) {
    ByteWriter writer(raw_);
    wire::write_list<wire::GapBlock>(writer, blocks);
  }
  [[nodiscard]] wire::GapBlockList list() const { return wire::GapBlockList(raw_); }

 private:
  std::vector<std::byte> raw_;
};

}  // namespace hawser::sctp::test
