#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "message_collector.hpp"
#include "plain_driver.hpp"
#include "test_message.hpp"

namespace hawser::interop {

struct PerfClientOptions {
  std::vector<IpAddress> local;  ///< uplinks: the association begins on the first, the others are added to it
  UdpAddress remote;
  std::uint16_t remote_port = 9899;
  std::vector<std::size_t> sizes;  ///< bytes of the messages, in turn
  std::uint16_t streams = 64;      ///< streams, in turn
  std::uint64_t messages = 0;      ///< 0: as many as fit into `seconds`
  double seconds = 0;              ///< 0: as long as `messages` take
  std::size_t wait_paths = 1;      ///< active paths to wait for before sending
  double delay = 0;                ///< seconds between set-up and the first message
  bool unordered = false;
  bool verify = false;  ///< messages prove themselves (costs time)
  bool echo = false;    ///< expect every message back
  bool abort = false;   ///< end by ABORT
  bool stay = false;    ///< wait for the peer, or a signal, to end the association
  double linger = 0;    ///< seconds to answer a peer that missed the end
  bool print_events = false;
};

/// One association that carries as much as it can, and the report of it. Owns the driver.
class PerfClient {
 public:
  PerfClient(sctp::EndpointConfig config, PerfClientOptions options);

  /// Returns the exit code: 0 when all was delivered and the association ended as it should.
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
  Buffer next_;                         // made, but not accepted by the engine yet
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
  std::optional<sctp::AssociationStatus> last_status_;  // the association is gone when the report is made
};

}  // namespace hawser::interop
