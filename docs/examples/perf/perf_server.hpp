#pragma once

#include <cstdint>
#include <map>

#include "examples/common/message_collector.hpp"
#include "examples/common/plain_driver.hpp"
#include "examples/common/test_message.hpp"
#include "hawser/sctp/endpoint.hpp"

namespace hawser::examples {

/// The command line of `sctp_perf server`.
struct PerfServerOptions {
  UdpAddress listen;
  unsigned associations = 0;  ///< exit after this many; 0: serve until a signal
  bool verify = false;        ///< check test messages (takes time)
  bool print_events = false;
};

/// Receives and counts the messages of its clients, and prints one report per association. Owns the driver.
/// Never sends messages.
class PerfServer {
 public:
  PerfServer(sctp::EndpointConfig config, const PerfServerOptions& options);
  /// Serves until the last association or a signal. Returns the exit code.
  int run();

 private:
  struct Client {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    Timestamp first{};
    Timestamp last{};
    MessageAudit audit;
    sctp::AssociationStatus status;  // as of the last message
  };

  void turn();
  void on_event(const sctp::Event& event);
  void on_message(const sctp::ReceivedMessage& part);
  void on_end(const sctp::Event& event);
  void shut_down();

  PerfServerOptions options_;
  PlainDriver driver_;
  std::map<sctp::AssociationId, Client> clients_;
  MessageCollector collector_;
  unsigned served_ = 0;
};

}  // namespace hawser::examples
