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
    /// Whether only the source of a packet can be added (protected mode): a packet has arrived from there.
    bool only_wildcard_adds = false;
  };
  /// `peer_window` is the peer's first a_rwnd, from which new paths take their ssthresh.
  AsconfResponder(const Context& context, Tsn peer_initial_tsn, std::size_t peer_window)
      : context_(context), next_serial_(peer_initial_tsn.value()), peer_window_(peer_window) {}

  /// Processes an ASCONF. `source` and `size` are those of its datagram. The answer goes to the source; while
  /// that is no path, it never leaves in a larger packet.
  void on_asconf(Timestamp now, const wire::AsconfChunk& chunk, const Route& source, std::size_t size);

 private:
  struct Verdict {
    bool success = true;
    wire::CauseCode cause{};
  };
  void process(Timestamp now, const wire::AsconfChunk& chunk, const Route& source);
  Verdict apply(Timestamp now, const wire::AsconfRequest& request, const Route& source, bool adds_wildcard);
  Verdict add(Timestamp now, const IpAddress& address, const Route& source);
  Verdict remove(const IpAddress& address, const Route& source);
  Verdict remove_all_but(const Route& source);
  Verdict set_primary(const IpAddress& address, const Route& source);
  void answer(const Route& source, std::size_t size);

  Context context_;
  std::uint32_t next_serial_;
  std::size_t peer_window_;
  std::vector<std::byte> cached_;  ///< the ASCONF-ACK of next_serial_ - 1; empty: none yet
};

}  // namespace hawser::sctp::asconf
