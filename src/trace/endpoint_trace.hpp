#pragma once

#include <string>

#include "trace/packet_log.hpp"

namespace hawser::trace {

/// Writes the packets of one endpoint to a log under a name. The log outlives it, and several endpoints may
/// share one.
class EndpointTrace final : public sctp::PacketObserver {
 public:
  EndpointTrace(PacketLog& log, std::string name);
  void on_packet(Timestamp now, const sctp::ObservedPacket& packet) override;

 private:
  PacketLog& log_;
  std::string name_;
};

}  // namespace hawser::trace
