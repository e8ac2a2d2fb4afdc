#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire.hpp"

namespace hawser::linkem {

/// Executes one command line on the wire and returns the answer, one line of JSON:
///   status
///   set a2b|b2a|both [rate MBIT] [delay MS] [jitter MS] [normal on|off] [loss PERCENT] [queue BYTES]
///       [codel on|off] [bleach on|off] [reorder on|off] [late PERCENT] [late_by MS] [police MBIT]
///       [burst BYTES] [blackhole on|off] …
/// An invalid command changes nothing; its answer is {"error": "…"}.
std::string execute(Wire& wire, std::string_view command);

/// The listening end of the control socket, a Unix socket of type SOCK_SEQPACKET: one message is one command,
/// one message is its answer. Owns the socket file and removes it in the destructor.
class ControlServer {
 public:
  explicit ControlServer(const std::string& path);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

  int fd() const { return fd_; }
  /// Accepts a client; its command can be served when its descriptor is readable. Returns -1 when there is
  /// none.
  int accept();
  /// Answers the client's command and closes its connection.
  static void serve(int client, Wire& wire);

 private:
  std::string path_;
  int fd_ = -1;
};

/// The client's side: sends `command` to the socket and returns the answer. Throws std::system_error.
std::string send_command(const std::string& path, const std::string& command);

}  // namespace hawser::linkem
