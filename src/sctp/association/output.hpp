#pragma once

#include "sctp/association/components.hpp"
#include "sctp/association/establishment.hpp"
#include "sctp/association/internal_messages.hpp"

namespace hawser::sctp::association {

/// The order in which the packets of one association leave: PMTU probes, control chunks, FORWARD TSN and tail
/// loss probes, then acknowledgements and data. Owns nothing; the procedures write the packets. Never ends
/// the association.
class Output {
 public:
  /// All outlive it.
  Output(Components& parts, InternalMessages& messages, Establishment& establishment)
      : parts_(parts), messages_(messages), establishment_(establishment) {}

  /// Fills `batch` with finished packets for one route. False: nothing may leave now. `open`: the user may
  /// send messages.
  bool poll(Timestamp now, bool open, TransmitBatch& batch);

 private:
  bool build(Timestamp now, bool open, TransmitBatch& batch);
  bool poll_probe(Timestamp now, TransmitBatch& batch);
  void abandon_stale(Timestamp now);

  Components& parts_;
  InternalMessages& messages_;
  Establishment& establishment_;
};

}  // namespace hawser::sctp::association
