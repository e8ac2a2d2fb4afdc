#pragma once

#include <optional>

#include "hawser/base/datagram.hpp"
#include "hawser/sctp/drop_reason.hpp"

namespace hawser::sctp::tx {

/// The one place where built packets are sealed, and the one where received ones are opened. Plain SCTP:
/// CRC32c (RFC 9260 §6.8). Works in place, on batches.

/// Seals every packet of the batch.
void seal(TransmitBatch& batch);
void seal(MutableBytes packet);
/// Empty: the packet is whole. Otherwise why it is to be dropped.
[[nodiscard]] std::optional<DropReason> open(MutableBytes packet);

}  // namespace hawser::sctp::tx
