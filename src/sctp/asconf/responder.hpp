#pragma once

#include <cstdint>
#include <vector>

#include "hawser/sctp/drop_reason.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/wire/asconf.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::asconf {

/// The peer's address changes (RFC 5061 §5.2). Gets only ASCONFs that are authenticated by AUTH or a record.
/// Owns the peer's serial number and the cached ASCONF-ACK; never sends.
class AsconfResponder {
 public:
  /// What it works on; all outlive it.
  struct Context {
    DropCounters& drops;
    path::PathTable& paths;
    control::ControlQueue& control;
    const control::EventSink& events;
  };
  /// `peer_window` is the peer's first a_rwnd, from which new paths take their ssthresh.
  AsconfResponder(const Context& context, Tsn peer_initial_tsn, std::size_t peer_window)
      : context_(context), next_serial_(peer_initial_tsn.value()), peer_window_(peer_window) {}

  /// Processes an ASCONF. `source` is the route of its packet, to which the answer goes.
  void on_asconf(const wire::AsconfChunk& chunk, const Route& source);

 private:
  struct Verdict {
    bool success = true;
    wire::CauseCode cause{};
  };
  void process(const wire::AsconfChunk& chunk, const Route& source);
  Verdict apply(const wire::AsconfRequest& request, const Route& source, bool adds_wildcard);
  Verdict add(const IpAddress& address, const Route& source);
  Verdict remove(const IpAddress& address, const Route& source);
  Verdict remove_all_but(const Route& source);
  Verdict set_primary(const IpAddress& address, const Route& source);
  void answer(const Route& source);

  Context context_;
  std::uint32_t next_serial_;
  std::size_t peer_window_;
  std::vector<std::byte> cached_;  ///< the ASCONF-ACK of next_serial_ - 1; empty: none yet
};

}  // namespace hawser::sctp::asconf
