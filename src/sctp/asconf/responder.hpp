#pragma once

#include <cstdint>
#include <vector>

#include "sctp/association/core.hpp"
#include "sctp/wire/asconf.hpp"

namespace hawser::sctp::asconf {

/// The peer's address changes (RFC 5061 §5.2). Sees only ASCONFs that AUTH vouched for. Owns the peer's
/// serial number and the one cached answer.
class AsconfResponder {
 public:
  AsconfResponder(association::Core& core, std::uint32_t peer_initial_tsn)
      : core_(core), next_serial_(peer_initial_tsn) {}

  /// `source` is where the packet came from; it is answered there, whatever its port.
  void on_asconf(const wire::AsconfChunk& chunk, const Route& source);
  /// For one more path. False: all that there may be work.
  bool make_room();

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

  association::Core& core_;
  std::uint32_t next_serial_;
  std::vector<std::byte> cached_;  ///< the ASCONF-ACK of next_serial_ - 1; empty: none yet
};

}  // namespace hawser::sctp::asconf
