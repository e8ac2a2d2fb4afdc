#pragma once

#include <memory>
#include <string>

#include "hawser/base/time.hpp"
#include "trace/packet_log.hpp"

namespace hawser::trace {

/// Creates or truncates the file `path`: a PcapLog when the name ends in ".pcap", otherwise a TextLog.
/// `origin` becomes time zero of the file. Throws std::system_error.
[[nodiscard]] std::unique_ptr<PacketLog> open_log(const std::string& path, Timestamp origin);

}  // namespace hawser::trace
