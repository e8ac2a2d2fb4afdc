#include "sctp/association/output.hpp"

namespace hawser::sctp::association {

bool Output::poll(Timestamp now, bool open, TransmitBatch& batch) {
  abandon_stale(now);
  while (build(now, open, batch)) {
    // The PMTU of a new path is not known yet, and the handshake cannot wait for it.
    batch.may_fragment |= establishment_.readiness() == Readiness::handshake;
    if (parts_.control_sender.finish(now, batch)) return true;
    parts_.transmitter.clear_pacing_deadline();
  }
  return false;
}

bool Output::build(Timestamp now, bool open, TransmitBatch& batch) {
  if (establishment_.readiness() != Readiness::handshake) {
    // PMTU probes leave before HEARTBEATs, which show whether only the probe was lost.
    if (poll_probe(now, batch)) return true;
    parts_.asconf.queue_due(now);
    parts_.validation.queue_due(now);
    if (parts_.keys != nullptr) messages_.send_path_preferences();
  }
  if (parts_.control_sender.poll(now, batch)) return true;
  if (establishment_.handshaking()) return false;
  parts_.data.queue().admit_source(open);
  return parts_.transmitter.poll(now, parts_.teardown.may_send_data(), *parts_.receiver, batch);
}

bool Output::poll_probe(Timestamp now, TransmitBatch& batch) {
  // No large packet goes to a peer that has not confirmed the keys.
  if (!parts_.teardown.may_send_data() || establishment_.readiness() != Readiness::confirmed) return false;
  path::Path* path = parts_.prober.due_path();
  if (path == nullptr) return false;
  if (parts_.control_sender.poll(now, batch)) return true;  // control chunks have waited longer
  parts_.control_sender.build_probe(*path, parts_.prober.start_probe(*path), now, batch);
  if (path->pmtu.verifying()) path::PathValidation::probe(*path);
  return true;
}

// What is given up makes room for other messages, and may be the last that a shutdown waits for.
void Output::abandon_stale(Timestamp now) {
  if (!parts_.data.abandon_stale(now)) return;
  if (parts_.data.take_writable()) parts_.events.emit(Event::Kind::writable);
  advance_shutdown(parts_, now);
}

}  // namespace hawser::sctp::association
