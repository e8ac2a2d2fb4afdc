#pragma once

#include <boost/json/object.hpp>

#include "examples/common/test_message.hpp"
#include "hawser/sctp/endpoint.hpp"

namespace hawser::examples {

/// Prints one JSON object as one line and flushes stdout.
void print_json(const boost::json::object& object);

/// An event; a path event has the addresses of the path.
[[nodiscard]] boost::json::object to_json(const sctp::Event& event, const sctp::Endpoint& endpoint);
/// The state and the counters of an association and its paths.
[[nodiscard]] boost::json::object to_json(const sctp::AssociationStatus& status);
/// The counters and the digest of an audit.
[[nodiscard]] boost::json::object to_json(const MessageAudit& audit);
/// The drop reasons that occurred, with their counts.
[[nodiscard]] boost::json::object to_json(const sctp::DropCounters& drops);

}  // namespace hawser::examples
