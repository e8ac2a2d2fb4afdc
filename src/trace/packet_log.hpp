#pragma once

#include <cstdio>
#include <memory>
#include <string_view>

#include "hawser/base/time.hpp"
#include "hawser/sctp/packet_observer.hpp"

namespace hawser::trace {

/// Closes a file of the C library.
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// A file of packets in clear text, of one endpoint or of several. Each packet is in the file when write()
/// returns, so that a crash loses none. Errors of the disk are ignored: a trace must not change what it
/// observes.
class PacketLog {
 public:
  PacketLog() = default;
  virtual ~PacketLog() = default;
  PacketLog(const PacketLog&) = delete;
  PacketLog& operator=(const PacketLog&) = delete;

  /// Appends one packet of `endpoint`, which is a name for readers.
  virtual void write(Timestamp now, std::string_view endpoint, const sctp::ObservedPacket& packet) = 0;
};

}  // namespace hawser::trace
