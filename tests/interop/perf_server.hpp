#pragma once

#include <cstdint>
#include <map>

#include "hawser/sctp/endpoint.hpp"
#include "message_collector.hpp"
#include "plain_driver.hpp"
#include "test_message.hpp"

namespace hawser::interop {

struct PerfServerOptions {
  UdpAddress listen;
  unsigned associations = 0;  ///< leave after so many; 0: serve until a signal
  bool verify = false;        ///< check test messages (costs time)
  bool print_events = false;
};

/// Takes what the clients send, counts it, and prints a report per association. Owns the driver.
class PerfServer {
 public:
  PerfServer(sctp::EndpointConfig config, const PerfServerOptions& options);
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

}  // namespace hawser::interop
