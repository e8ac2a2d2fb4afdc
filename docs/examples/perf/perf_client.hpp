#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "examples/common/message_collector.hpp"
#include "examples/common/plain_driver.hpp"
#include "examples/common/test_message.hpp"
#include "hawser/base/address.hpp"
#include "hawser/sctp/endpoint.hpp"

namespace hawser::examples {

/// The command line of `sctp_perf client`.
struct PerfClientOptions {
  std::vector<IpAddress> local;  ///< one uplink each; the association begins on the first
  UdpAddress remote;
  std::uint16_t remote_port = 9899;
  std::vector<std::size_t> sizes;  ///< bytes of a message; used in turn
  std::uint16_t streams = 64;      ///< used in turn
  unsigned lifetime_ms = 0;        ///< of a message; 0: for ever
  std::optional<std::uint8_t> max_retransmissions;
  std::uint64_t messages = 0;  ///< 0: until `seconds` have passed
  double seconds = 0;          ///< 0: until `messages` are sent
  std::size_t wait_paths = 1;  ///< active paths to wait for before sending
  double delay = 0;            ///< seconds between set-up and the first message
  bool unordered = false;
  bool verify = false;  ///< send messages that can be checked (takes time)
  bool echo = false;    ///< wait until every message has returned
  bool abort = false;   ///< end by ABORT
  bool stay = false;    ///< keep the association until the peer or a signal ends it
  double linger = 0;    ///< seconds to keep answering a peer that missed the end
  bool print_events = false;
};

/// Sends over one association as fast as it accepts, and prints the report. Owns the driver.
class PerfClient {
 public:
  PerfClient(sctp::EndpointConfig config, PerfClientOptions options);

  /// Returns the exit code: 0 when every message was delivered and the association ended as requested.
  int run();

 private:
  enum class Phase { connecting, joining, sending, draining, staying, closing, over };

  void turn();
  void on_event(const sctp::Event& event);
  void on_message(const sctp::ReceivedMessage& part);
  void add_uplinks();

  void advance();
  [[nodiscard]] bool ready() const;
  void begin_sending();
  void send_messages();
  [[nodiscard]] bool finished() const;
  bool send_one();
  [[nodiscard]] bool drained() const;
  void on_drained();
  void close();
  void linger();
  void report() const;

  PerfClientOptions options_;
  PlainDriver driver_;
  sctp::AssociationId association_;
  Phase phase_ = Phase::connecting;
  bool success_ = false;
  Buffer next_;                         // made, and not yet accepted by the engine
  std::vector<std::uint64_t> numbers_;  // next message number, by stream
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t returned_ = 0;
  MessageAudit sent_;
  MessageAudit received_;
  MessageCollector collector_;
  Timestamp earliest_begin_{};
  Timestamp begin_{};
  Timestamp end_{};
  std::optional<sctp::AssociationStatus> last_status_;  // taken before the end, for the report
};

}  // namespace hawser::examples
