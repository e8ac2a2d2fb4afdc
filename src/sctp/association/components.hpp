#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sctp/asconf/initiator.hpp"
#include "sctp/asconf/responder.hpp"
#include "sctp/association/endpoint_context.hpp"
#include "sctp/association/teardown.hpp"
#include "sctp/auth/auth.hpp"
#include "sctp/handshake/initiator.hpp"
#include "sctp/path/migration.hpp"
#include "sctp/path/pmtu/prober.hpp"
#include "sctp/path/preferences.hpp"
#include "sctp/rx/receiver.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/security/key_exchange.hpp"
#include "sctp/tx/control_sender.hpp"
#include "sctp/tx/loss_recovery.hpp"
#include "sctp/tx/transmitter.hpp"

namespace hawser::sctp::association {

/// The procedures of one association, in the order in which they depend on each other. Owns them and has no
/// behaviour. Only the classes of this room use it; a procedure uses another one only through the references
/// in its own Context.
struct Components {
  /// `endpoint_context` outlives it.
  Components(EndpointContext& endpoint_context, AssociationId id, std::uint16_t peer_port,
             const handshake::OwnInit& own_init)
      : endpoint(endpoint_context),
        own(own_init),
        events(endpoint.events, endpoint.drops, id),
        paths(endpoint.config),
        control(endpoint.drops),
        validation({endpoint.config, endpoint.random, endpoint.drops, paths, control, events}),
        prober(paths, endpoint.random),
        migration(endpoint.config, endpoint.drops, paths, validation, events),
        preferences(paths),
        writer(endpoint.config.port, peer_port, &endpoint.tap),
        data(endpoint.config, endpoint.pool, own.initial_tsn),
        recovery({endpoint.config, paths, validation, data}),
        transmitter({endpoint.config, paths, data, recovery, writer}),
        control_sender(
            {endpoint.config, endpoint.pool, endpoint.drops, endpoint.replies, paths, control, writer, data}),
        asconf({endpoint.config, endpoint.drops, paths, control, events}, own.initial_tsn),
        teardown({endpoint.config, paths, control, validation}) {
    writer.set_auth(&auth);
  }
  Components(const Components&) = delete;
  Components& operator=(const Components&) = delete;

  EndpointContext& endpoint;
  handshake::OwnInit own;
  control::EventSink events;
  path::PathTable paths;
  control::ControlQueue control;
  auth::Auth auth;
  path::PathValidation validation;
  path::MtuProber prober;
  path::Migration migration;
  path::Preferences preferences;
  tx::PacketWriter writer;
  tx::DataSender data;
  tx::LossRecovery recovery;
  tx::Transmitter transmitter;
  tx::ControlSender control_sender;
  asconf::AsconfInitiator asconf;
  std::optional<asconf::AsconfResponder> asconf_responder;  ///< exists once the peer's first TSN is known
  std::optional<rx::Receiver> receiver;                     ///< exists once the peer's first TSN is known
  std::unique_ptr<security::KeyExchange> keys;              ///< null in plain SCTP, and before the INIT ACK
  /// Authenticates unsealed packets of a protected association, until it is confirmed.
  std::optional<security::HandshakeMac> handshake_mac;
  std::optional<handshake::Initiator> initiator;  ///< exists from our INIT to the COOKIE ACK
  Teardown teardown;
};

/// Removes all references to retired paths: their chunks in flight are declared lost, and their control
/// chunks and ASCONF requests are dropped.
void drop_references_to_retired_paths(Components& parts);
/// Calls it when a path was retired; costs one comparison otherwise.
inline void drop_retired_paths(Components& parts) {
  if (parts.paths.any_retired()) drop_references_to_retired_paths(parts);
}
/// Gives back what grew for a burst, where nothing is in flight or held any more. To be called only now and
/// then: otherwise requests with pauses between them would allocate each time.
void give_back_memory(Components& parts);

/// The receiver's cumulative TSN; 0 before the peer's first TSN is known.
[[nodiscard]] Tsn cumulative_tsn(const Components& parts);
/// Continues a shutdown that waits for the last data (RFC 9260 §9.2).
void advance_shutdown(Components& parts, Timestamp now);

}  // namespace hawser::sctp::association
