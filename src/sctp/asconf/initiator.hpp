#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/wire/asconf.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::asconf {

/// The address changes of this end (RFC 5061 §5.1): one ASCONF outstanding, serial numbers, T-4 with
/// back-off. Owns the requests and the timer; never sends.
///
/// Every transmission of a join (wildcard Add) leaves from its own uplink, because the address that it adds
/// is the one that NATs give it. A join that is not answered lets the next request go first and is repeated
/// later, so that a dead uplink does not delay the others. The next request then uses the same serial number,
/// because the peer may not have received the join; if it has, its answer contains the correlation ID of that
/// join.
class AsconfInitiator {
 public:
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    DropCounters& drops;
    path::PathTable& paths;
    control::ControlQueue& control;
    const control::EventSink& events;
  };
  /// The first serial number is `initial_tsn`, that of this end.
  AsconfInitiator(const Context& context, Tsn initial_tsn)
      : context_(context), serial_(initial_tsn.value()) {}

  /// Sets whether the peer accepts ASCONF; until it does, requests wait.
  void set_enabled(bool enabled) { enabled_ = enabled; }
  /// Whether the peer accepts ASCONF.
  [[nodiscard]] bool enabled() const { return enabled_; }

  /// Joins `path` (state joining), or joins a known path again after its NAT mapping changed. Does nothing if
  /// a request for it waits or is outstanding.
  void join(PathId path);
  /// Queues a change with a literal address; dropped when too many wait.
  void request(wire::ParameterType type, const IpAddress& address);
  /// A path that joins has another local address: its request is sent again without waiting.
  void on_path_moved(PathId path);
  /// Drops the requests of a path that was removed.
  void on_path_removed(PathId path);
  /// Joins again each path of ours that does not answer: its NAT mapping may be lost, and the peer learns the
  /// new one from the ASCONF.
  void rejoin_failed_paths();
  /// The association restarts (RFC 9260 §5.2): drops all requests, which would not be answered.
  void restart(Tsn initial_tsn);

  /// Processes an ASCONF-ACK. The path that it joins becomes unconfirmed and is probed immediately.
  void on_ack(Timestamp now, const wire::AsconfAckChunk& chunk);
  /// Handles T-4: repeats the outstanding ASCONF, or lets the next request go first.
  void on_timeout(Timestamp now);
  /// Queues the next request that is due when none is outstanding.
  void queue_due(Timestamp now);
  /// When T-4 expires or the next request is due; kNever: neither.
  [[nodiscard]] Timestamp next_timeout() const;
  /// Whether no request waits or is outstanding.
  [[nodiscard]] bool idle() const { return !current_ && queue_.empty(); }

 private:
  struct Request {
    wire::ParameterType type{};
    std::uint32_t correlation_id = 0;
    PathId path = kNoPath;  ///< the path that joins; kNoPath for literal addresses
    IpAddress address;
    Timestamp not_before = Timestamp::min();
  };
  struct Outstanding {
    Request request;
    std::vector<std::byte> chunk;
    unsigned transmissions = 0;
    Timestamp deadline{};
    Duration timeout{};
    Timestamp begun{};  ///< when it left for the first time
  };
  void transmit(Timestamp now);
  void give_up_turn(Timestamp now);
  [[nodiscard]] Duration max_wait(bool join) const;
  [[nodiscard]] path::Path* way(const Request& request);
  [[nodiscard]] wire::AsconfChunk make_chunk(const Request& request, const path::Path& path,
                                             std::vector<std::byte>& storage) const;
  void on_success(Duration took, const Request& request);
  void on_refusal(const Request& request, std::uint16_t cause);
  std::optional<Request> take_by_correlation(std::uint32_t correlation_id);

  Context context_;
  std::uint32_t serial_;
  std::uint32_t next_correlation_ = 1;
  std::deque<Request> queue_;
  std::optional<Outstanding> current_;
  bool enabled_ = false;
};

}  // namespace hawser::sctp::asconf
