#pragma once

/// The whole wire layer: packet, chunks, parameters and causes. Views borrow the packet's bytes. This layer
/// never allocates, holds no state, and does not decide which chunk is allowed when.
#include "sctp/wire/abort_error.hpp"  // IWYU pragma: export
#include "sctp/wire/asconf.hpp"       // IWYU pragma: export
#include "sctp/wire/auth.hpp"         // IWYU pragma: export
#include "sctp/wire/causes.hpp"       // IWYU pragma: export
#include "sctp/wire/crc32c.hpp"       // IWYU pragma: export
#include "sctp/wire/data.hpp"         // IWYU pragma: export
#include "sctp/wire/ecn.hpp"          // IWYU pragma: export
#include "sctp/wire/forward_tsn.hpp"  // IWYU pragma: export
#include "sctp/wire/handshake.hpp"    // IWYU pragma: export
#include "sctp/wire/heartbeat.hpp"    // IWYU pragma: export
#include "sctp/wire/init.hpp"         // IWYU pragma: export
#include "sctp/wire/list.hpp"         // IWYU pragma: export
#include "sctp/wire/packet.hpp"       // IWYU pragma: export
#include "sctp/wire/pad.hpp"          // IWYU pragma: export
#include "sctp/wire/parameter.hpp"    // IWYU pragma: export
#include "sctp/wire/parse_error.hpp"  // IWYU pragma: export
#include "sctp/wire/path_ack.hpp"     // IWYU pragma: export
#include "sctp/wire/reconfig.hpp"     // IWYU pragma: export
#include "sctp/wire/sack.hpp"         // IWYU pragma: export
#include "sctp/wire/shutdown.hpp"     // IWYU pragma: export
#include "sctp/wire/types.hpp"        // IWYU pragma: export
