#pragma once

#include "trace/packet_log.hpp"
#include "trace/packet_view.hpp"

namespace hawser::trace {

/// Writes one line per packet: seconds, endpoint and socket, route (> sent, < received), whether the packet
/// is sealed on the wire, SCTP ports, verification tag, and each chunk with its main fields:
///
///     0.021000 edge/0 10.0.0.2 > 198.51.100.1:9899 sealed 9899>9899 tag=1a2b3c4d DATA(tsn=7 sid=1 ssn=0
///     ppid=51 BE 1000)
///
/// Owns its file.
class TextLog final : public PacketLog {
 public:
  TextLog(File file, Timestamp origin);
  void write(Timestamp now, std::string_view endpoint, const sctp::ObservedPacket& packet) override;

 private:
  File file_;
  Timestamp origin_;
  PacketView view_;
};

}  // namespace hawser::trace
