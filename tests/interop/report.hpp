#pragma once

#include <boost/json/object.hpp>

#include "hawser/sctp/endpoint.hpp"
#include "test_message.hpp"

namespace hawser::interop {

/// Prints one JSON object as one line, at once.
void print_json(const boost::json::object& object);

/// An event with, for path events, the addresses of the path.
[[nodiscard]] boost::json::object to_json(const sctp::Event& event, const sctp::Endpoint& endpoint);
/// The association and its paths.
[[nodiscard]] boost::json::object to_json(const sctp::AssociationStatus& status);
[[nodiscard]] boost::json::object to_json(const MessageAudit& audit);
/// The reasons that occurred, with their counts.
[[nodiscard]] boost::json::object to_json(const sctp::DropCounters& drops);

}  // namespace hawser::interop
