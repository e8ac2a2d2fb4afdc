#pragma once

#include <cstddef>
#include <vector>

#include "trace/packet_log.hpp"

namespace hawser::trace {

/// Writes a capture file for Wireshark and tcpdump (pcap with nanoseconds, LINKTYPE_RAW). Each packet appears
/// as plain SCTP with a valid CRC32c inside UDP (RFC 6951) and IP; these outer headers are made from the
/// route. The local UDP port is not part of a route: it is always 9899, by which readers recognise SCTP over
/// UDP. The name of the endpoint is not written. Owns its file.
class PcapLog final : public PacketLog {
 public:
  PcapLog(File file, Timestamp origin);
  void write(Timestamp now, std::string_view endpoint, const sctp::ObservedPacket& packet) override;

 private:
  File file_;
  Timestamp origin_;
  std::vector<std::byte> record_;
};

}  // namespace hawser::trace
