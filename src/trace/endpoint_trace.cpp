#include "trace/endpoint_trace.hpp"

#include <utility>

namespace hawser::trace {

EndpointTrace::EndpointTrace(PacketLog& log, std::string name) : log_(log), name_(std::move(name)) {}

void EndpointTrace::on_packet(Timestamp now, const sctp::ObservedPacket& packet) {
  log_.write(now, name_, packet);
}

}  // namespace hawser::trace
