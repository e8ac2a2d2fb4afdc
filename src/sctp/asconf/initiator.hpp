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

/// Our own address changes (RFC 5061 §5.1): one ASCONF outstanding, serial numbers, T-4 with back-off.
///
/// A join (wildcard Add) leaves from its own uplink, first time and every time: the address it adds is the
/// one that NATs put on it. So that a dead uplink does not hold up the others, a join gives its turn up after
/// some unanswered transmissions and comes again later. The next one then uses the same serial number, as the
/// peer may not have seen it; should the peer have seen it, its answer names the correlation ID of the join
/// that it stands for.
class AsconfInitiator {
 public:
  struct Context {
    const EndpointConfig& config;
    DropCounters& drops;
    path::PathTable& paths;
    control::ControlQueue& control;
    const control::EventSink& events;
  };
  AsconfInitiator(const Context& context, Tsn initial_tsn)
      : context_(context), serial_(initial_tsn.value()) {}

  /// Whether the peer takes ASCONF; requests wait until it does.
  void set_enabled(bool enabled) { enabled_ = enabled; }
  [[nodiscard]] bool enabled() const { return enabled_; }

  /// Joins `path` (state joining), or announces a known path's uplink again after its NAT mapping changed.
  void join(PathId path);
  void request(wire::ParameterType type, const IpAddress& address);
  void on_path_removed(PathId path);
  /// Joins again each path of ours that stays silent: its NAT mapping may be lost, and the peer learns the
  /// new one from the ASCONF.
  void rejoin_failed_paths();
  /// The association starts over (RFC 9260 §5.2): nothing asked before is answered any more.
  void restart(Tsn initial_tsn);

  /// The paths that the acknowledgement joined are unconfirmed from now on and probed at once.
  void on_ack(Timestamp now, const wire::AsconfAckChunk& chunk);
  void on_timeout(Timestamp now);
  /// Begins the next request when none is outstanding.
  void queue_due(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;
  [[nodiscard]] bool idle() const { return !current_ && queue_.empty(); }

 private:
  struct Request {
    wire::ParameterType type{};
    std::uint32_t correlation_id = 0;
    PathId path = kNoPath;  ///< the path that joins; kNoPath for literal addresses
    IpAddress address;
    unsigned turns = 0;
    Timestamp not_before = Timestamp::min();
  };
  struct Outstanding {
    Request request;
    std::vector<std::byte> chunk;
    unsigned transmissions = 0;
    Timestamp deadline{};
    Duration timeout{};
  };
  void transmit(Timestamp now);
  void give_up_turn(Timestamp now);
  [[nodiscard]] Duration max_wait(bool join) const;
  [[nodiscard]] path::Path* way(const Request& request);
  [[nodiscard]] wire::AsconfChunk make_chunk(const Request& request, const path::Path& path,
                                             std::vector<std::byte>& storage) const;
  void on_success(Timestamp now, const Request& request);
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
