#include "daemon/developer_trace.hpp"

namespace hawser::daemon {

std::unique_ptr<sctp::PacketObserver> open_developer_trace(Timestamp) {
  return nullptr;
}

}  // namespace hawser::daemon
