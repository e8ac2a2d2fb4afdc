#pragma once

#include <memory>
#include <string>

#include "hawser/sctp/endpoint.hpp"
#include "hawser/sctp/packet_observer.hpp"
#include "trace/packet_log.hpp"

namespace hawser::sim {

/// Reports every packet of `endpoint` to `observer`, which outlives it; null: to none.
void attach_observer(sctp::Endpoint& endpoint, sctp::PacketObserver* observer);

/// Opens a log of packets whose time zero is the start of the simulation. Throws std::system_error.
[[nodiscard]] std::unique_ptr<trace::PacketLog> open_packet_log(const std::string& path);

/// The log of this process, in the file that HAWSER_TRACE names; null when the variable is not set. Opened by
/// the first call: all scenarios of a process share it.
[[nodiscard]] trace::PacketLog* packet_log_of_process();

}  // namespace hawser::sim
