#include "sim/packet_trace.hpp"

#include <cstdlib>

#include "sim/event_queue.hpp"
#include "trace/open_log.hpp"

namespace hawser::sim {

void attach_observer(sctp::Endpoint& endpoint, sctp::PacketObserver* observer) {
  endpoint.set_packet_observer(observer);
}

std::unique_ptr<trace::PacketLog> open_packet_log(const std::string& path) {
  return trace::open_log(path, EventQueue::kStart);
}

trace::PacketLog* packet_log_of_process() {
  static const char* const path = std::getenv("HAWSER_TRACE");
  static const std::unique_ptr<trace::PacketLog> log = path == nullptr ? nullptr : open_packet_log(path);
  return log.get();
}

}  // namespace hawser::sim
