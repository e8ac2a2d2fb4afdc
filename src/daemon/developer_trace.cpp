#include "daemon/developer_trace.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "trace/endpoint_trace.hpp"
#include "trace/open_log.hpp"

namespace hawser::daemon {
namespace {

/// Owns the log that it writes to.
class DeveloperTrace final : public sctp::PacketObserver {
 public:
  explicit DeveloperTrace(std::unique_ptr<trace::PacketLog> log)
      : log_(std::move(log)), trace_(*log_, "hawserd") {}

  void on_packet(Timestamp now, const sctp::ObservedPacket& packet) override {
    trace_.on_packet(now, packet);
  }

 private:
  std::unique_ptr<trace::PacketLog> log_;
  trace::EndpointTrace trace_;
};

}  // namespace

std::unique_ptr<sctp::PacketObserver> open_developer_trace(Timestamp now) {
  const char* const path = std::getenv("HAWSER_TRACE");
  if (path == nullptr) return nullptr;
  auto log = trace::open_log(path, now - std::chrono::system_clock::now().time_since_epoch());
  spdlog::warn("developer trace: all packets go to {} in clear text", path);
  return std::make_unique<DeveloperTrace>(std::move(log));
}

}  // namespace hawser::daemon
