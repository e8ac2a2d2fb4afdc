#include "sctp/asconf/responder.hpp"

#include <algorithm>

namespace hawser::sctp::asconf {
namespace {

constexpr std::size_t kMaxAnswerSize = 1148;

bool is_request(const wire::ParameterView& view) {
  return view.is(wire::ParameterType::kAddIpAddress) || view.is(wire::ParameterType::kDeleteIpAddress) ||
         view.is(wire::ParameterType::kSetPrimaryAddress);
}

bool adds_wildcard_address(const wire::AsconfChunk& chunk) {
  wire::ParameterReader reader = chunk.request_reader();
  while (const auto view = reader.next()) {
    if (!view->is(wire::ParameterType::kAddIpAddress)) continue;
    const auto request = wire::AsconfRequest::parse(*view);
    if (request && request->address.is_wildcard()) return true;
  }
  return false;
}

}  // namespace

void AsconfResponder::on_asconf(Timestamp now, const wire::AsconfChunk& chunk, const Route& source,
                                std::size_t size) {
  if (chunk.serial == next_serial_) {
    process(now, chunk, source);
    ++next_serial_;
    answer(source, size);
  } else if (chunk.serial + 1 == next_serial_ && !cached_.empty()) {
    answer(source,
           size);  // RFC 5061 §5.2 E: the answer was lost; it is repeated to the source of this packet
  } else {
    context_.drops.add(DropReason::asconf_out_of_sequence);
  }
}

void AsconfResponder::answer(const Route& source, std::size_t size) {
  const path::Path* path = context_.paths.find(source);
  const PathId id = path == nullptr ? kNoPath : path->id;
  context_.control.push_bytes(wire::ChunkType::kAsconfAck, cached_, id, source, size);
}

// Every request gets an explicit response with its correlation ID. Each request looks paths up again, because
// an earlier request of the same chunk may have removed any of them. Only a validated path gets failed
// requests quoted: without that, the answer is not larger than the chunk, so that a refusal reaches any
// source.
void AsconfResponder::process(Timestamp now, const wire::AsconfChunk& chunk, const Route& source) {
  std::vector<std::byte> responses(kMaxAnswerSize);
  ByteWriter writer(responses);
  const bool adds_wildcard = adds_wildcard_address(chunk);
  const path::Path* asking = context_.paths.find(source);
  const bool quotes = asking != nullptr && asking->proven();
  wire::ParameterReader reader = chunk.request_reader();
  while (const auto view = reader.next()) {
    const auto correlation = wire::parse_correlation_id(*view);
    if (!correlation) break;
    const auto request =
        is_request(*view) ? wire::AsconfRequest::parse(*view) : wire::ParseError::kWrongParameterType;
    if (!request) {
      wire::AsconfResponse::write_error(writer, *correlation, wire::CauseCode::kUnrecognizedParameters,
                                        quotes ? view->whole : Bytes{});
      if (wire::stops(wire::unknown_parameter_action(view->type))) break;
      continue;
    }
    const Verdict verdict = apply(now, *request, source, adds_wildcard);
    if (verdict.success) {
      wire::AsconfResponse{*correlation, true, {}}.write(writer);
    } else {
      wire::AsconfResponse::write_error(writer, *correlation, verdict.cause, quotes ? view->whole : Bytes{});
    }
  }
  responses.resize(writer.size());
  cached_ = control::ControlQueue::serialise(wire::AsconfAckChunk{chunk.serial, responses});
}

AsconfResponder::Verdict AsconfResponder::apply(Timestamp now, const wire::AsconfRequest& request,
                                                const Route& source, bool adds_wildcard) {
  switch (request.type) {
    case wire::ParameterType::kAddIpAddress: return add(now, request.address, source);
    case wire::ParameterType::kDeleteIpAddress:
      return request.address.is_wildcard() ? remove_all_but(source) : remove(request.address, source);
    default:
      // RFC 5061 §6: "add the source address" and "make it primary" in one chunk would give the association
      // to an attacker that rewrites the source address.
      if (adds_wildcard) return {false, wire::CauseCode::kRequestRefused};
      return set_primary(request.address, source);
  }
}

AsconfResponder::Verdict AsconfResponder::add(Timestamp now, const IpAddress& address, const Route& source) {
  if (context_.only_wildcard_adds && !address.is_wildcard()) return {false, wire::CauseCode::kRequestRefused};
  Route route = source;
  if (!address.is_wildcard()) route.remote.ip = address;
  if (!route.remote.ip.is_unicast() || address.is_v4() != source.remote.ip.is_v4()) {
    return {false, wire::CauseCode::kUnresolvableAddress};
  }
  if (path::Path* known = context_.paths.find(route)) {
    known->heartbeat.probe_requested = true;
    return {};
  }
  if (!context_.paths.may_peer_add(now) || !context_.paths.make_room(context_.events)) {
    context_.drops.add(DropReason::too_many_paths);
    return {false, wire::CauseCode::kResourceShortage};
  }
  path::Path* path = context_.paths.add(route, PathState::unconfirmed, peer_window_);
  if (path == nullptr) return {false, wire::CauseCode::kResourceShortage};
  if (!address.is_wildcard()) path->unproven_received = path::kNamedAddressCredit;
  // The new path is validated immediately, and the known paths are probed too: the new one may replace one
  // whose NAT mapping is lost.
  for (const auto& each : context_.paths) each->heartbeat.probe_requested = true;
  context_.events.emit(Event::Kind::path_added, path->id);
  return {};
}

AsconfResponder::Verdict AsconfResponder::remove(const IpAddress& address, const Route& source) {
  if (address == source.remote.ip) return {false, wire::CauseCode::kDeleteSourceAddress};
  std::vector<PathId> doomed;
  for (const auto& path : context_.paths) {
    if (path->route.remote.ip == address) doomed.push_back(path->id);
  }
  if (doomed.size() == context_.paths.size()) return {false, wire::CauseCode::kDeleteLastAddress};
  for (const PathId id : doomed) context_.paths.retire(id, context_.events);
  return {};
}

AsconfResponder::Verdict AsconfResponder::remove_all_but(const Route& source) {
  const path::Path* keep = context_.paths.find(source);
  // Without a validated path at the source, the association would be left with an address from which no
  // answer has arrived.
  if (keep == nullptr || !keep->proven()) return {false, wire::CauseCode::kRequestRefused};
  const PathId kept = keep->id;
  std::vector<PathId> doomed;
  for (const auto& path : context_.paths) {
    if (path->id != kept) doomed.push_back(path->id);
  }
  for (const PathId id : doomed) context_.paths.retire(id, context_.events);
  return {};
}

AsconfResponder::Verdict AsconfResponder::set_primary(const IpAddress& address, const Route& source) {
  const IpAddress wanted = address.is_wildcard() ? source.remote.ip : address;
  for (const auto& path : context_.paths) {
    if (path->route.remote.ip != wanted || !path->proven()) continue;
    context_.paths.set_primary(path->id);
    return {};
  }
  return {false, wire::CauseCode::kUnresolvableAddress};
}

}  // namespace hawser::sctp::asconf
