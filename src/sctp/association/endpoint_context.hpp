#pragma once

#include "base/ring_queue.hpp"
#include "crypto/tls_session.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/random.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/control/event_queue.hpp"
#include "sctp/control/packet_tap.hpp"
#include "sctp/control/reply.hpp"
#include "sctp/security/access_proof.hpp"

namespace hawser::sctp::association {

/// The parts of an endpoint that its associations use; all outlive them. Owns nothing.
struct EndpointContext {
  const EndpointConfig& config;
  RandomSource& random;
  BufferPool& pool;
  DropCounters& drops;
  control::EventQueue& events;
  RingQueue<control::Reply>& replies;
  const SecurityConfig* security;       ///< null: plain SCTP
  const crypto::TlsIdentity* identity;  ///< this end in TLS handshakes; null: plain SCTP
  const control::PacketTap& tap;
  const security::AccessKeys* access;  ///< null: plain SCTP
};

}  // namespace hawser::sctp::association
