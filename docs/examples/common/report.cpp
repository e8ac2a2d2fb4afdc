#include "examples/common/report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace hawser::examples {
namespace {

namespace json = boost::json;

std::string_view to_string(sctp::Event::Kind kind) {
  using Kind = sctp::Event::Kind;
  switch (kind) {
    case Kind::connected: return "connected";
    case Kind::accepted: return "accepted";
    case Kind::refused: return "refused";
    case Kind::restarted: return "restarted";
    case Kind::closed: return "closed";
    case Kind::aborted: return "aborted";
    case Kind::lost: return "lost";
    case Kind::path_added: return "path_added";
    case Kind::path_up: return "path_up";
    case Kind::path_down: return "path_down";
    case Kind::path_moved: return "path_moved";
    case Kind::path_removed: return "path_removed";
    case Kind::path_refused: return "path_refused";
    case Kind::writable: return "writable";
  }
  return "unknown";
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

json::object path_json(const sctp::PathStatus& path) {
  return {{"id", path.id.value()},
          {"local", path.route.local.to_string()},
          {"remote", path.route.remote.to_string()},
          {"state", sctp::to_string(path.state)},
          {"srtt_ms", milliseconds(path.srtt)},
          {"rto_ms", milliseconds(path.rto)},
          {"cwnd", path.cwnd},
          {"mtu", path.mtu},
          {"bytes_sent", path.counters.bytes_sent},
          {"bytes_received", path.counters.bytes_received},
          {"data_chunks_sent", path.counters.data_chunks_sent},
          {"retransmissions", path.counters.data_chunks_retransmitted},
          {"timeouts", path.counters.timeouts},
          {"heartbeats_sent", path.counters.heartbeats_sent},
          {"heartbeat_acks_received", path.counters.heartbeat_acks_received}};
}

}  // namespace

void print_json(const json::object& object) {
  const std::string line = json::serialize(object);
  std::puts(line.c_str());
  std::fflush(stdout);
}

json::object to_json(const sctp::Event& event, const sctp::Endpoint& endpoint) {
  json::object object{{"event", to_string(event.kind)}, {"association", event.association.value()}};
  if (event.cause != 0) object["cause"] = event.cause;
  if (!event.reason.empty()) object["reason"] = event.reason;
  if (event.path == sctp::kNoPath) return object;
  object["path"] = event.path.value();
  if (const auto status = endpoint.status(event.association)) {
    for (const sctp::PathStatus& path : status->paths) {
      if (path.id != event.path) continue;
      object["local"] = path.route.local.to_string();
      object["remote"] = path.route.remote.to_string();
    }
  }
  return object;
}

json::object to_json(const sctp::AssociationStatus& status) {
  json::array paths;
  std::uint64_t retransmissions = 0;
  for (const sctp::PathStatus& path : status.paths) {
    paths.push_back(path_json(path));
    retransmissions += path.counters.data_chunks_retransmitted;
  }
  return {{"outbound_streams", status.outbound_streams},
          {"inbound_streams", status.inbound_streams},
          {"nr_sack", status.nr_sack},
          {"dynamic_addresses", status.dynamic_addresses},
          {"retransmissions", retransmissions},
          {"duplicates", status.duplicate_tsns_received},
          {"messages_abandoned", status.messages_abandoned},
          {"abandoned_tsns", status.abandoned_tsns_received},
          {"path_count", status.paths.size()},
          {"paths", std::move(paths)}};
}

json::object to_json(const MessageAudit& audit) {
  char digest[17];
  std::snprintf(digest, sizeof digest, "%016llx", static_cast<unsigned long long>(audit.digest()));
  return {{"messages", audit.messages()},
          {"bytes", audit.bytes()},
          {"digest", digest},
          {"corrupt", audit.corrupt()},
          {"out_of_order", audit.out_of_order()}};
}

json::object to_json(const sctp::DropCounters& drops) {
  json::object object;
  for (std::size_t i = 0; i < sctp::kDropReasons; ++i) {
    const auto reason = static_cast<sctp::DropReason>(i);
    if (drops.of(reason) != 0) object[sctp::to_string(reason)] = drops.of(reason);
  }
  return object;
}

}  // namespace hawser::examples
