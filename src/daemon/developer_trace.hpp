#pragma once

#include <memory>

#include "hawser/sctp/packet_observer.hpp"

namespace hawser::daemon {

/// A debug build writes each packet in clear text to the file that the environment variable HAWSER_TRACE
/// names: a capture if the name ends in ".pcap", otherwise text. `now` is the present time of the event
/// loop's clock; the file has the time of day. Null when the variable is not set. Throws std::system_error.
/// All other builds contain no such code: there it is always null (developer_trace_none.cpp).
[[nodiscard]] std::unique_ptr<sctp::PacketObserver> open_developer_trace(Timestamp now);

}  // namespace hawser::daemon
