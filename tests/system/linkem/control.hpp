#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire.hpp"

namespace hawser::linkem {

/// Executes one command line against the wire and returns the answer, one line of JSON:
///   status
///   set a2b|b2a|both [rate MBIT] [delay MS] [jitter MS] [loss PERCENT] [queue BYTES] [reorder on|off]
///   [blackhole on|off] …
/// A command that cannot be understood changes nothing and answers {"error": "…"}.
std::string execute(Wire& wire, std::string_view command);

/// The listening end of the control socket (a Unix socket of type SOCK_SEQPACKET: one message is one command,
/// one message is its answer). Owns the socket file and removes it at the end.
class ControlServer {
 public:
  explicit ControlServer(const std::string& path);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

  int fd() const { return fd_; }
  /// A new client, to be answered when its descriptor is readable; -1 when there is none.
  int accept();
  /// Answers the command that has arrived and hangs up.
  static void serve(int client, Wire& wire);

 private:
  std::string path_;
  int fd_ = -1;
};

/// The client's side: sends `command` to the socket and returns the answer. Throws std::system_error.
std::string ask(const std::string& path, const std::string& command);

}  // namespace hawser::linkem
