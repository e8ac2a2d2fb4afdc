#include "sctp/association/ending.hpp"

#include <algorithm>

#include "sctp/control/control_queue.hpp"
#include "sctp/wire/abort_error.hpp"

namespace hawser::sctp::association {

std::vector<std::byte> abort_chunk(const AbortCause& cause) {
  constexpr std::size_t kMaxValueSize = 256;
  std::vector<std::byte> causes(wire::kTlvHeaderSize + padded4(kMaxValueSize));
  ByteWriter writer(causes);
  wire::write_cause(writer, cause.code,
                    Bytes(cause.value).first(std::min(cause.value.size(), kMaxValueSize)));
  return control::ControlQueue::serialise(wire::AbortChunk{false, writer.written()});
}

}  // namespace hawser::sctp::association
