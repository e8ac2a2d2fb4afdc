#include "sctp/asconf/initiator.hpp"

#include <algorithm>

namespace hawser::sctp::asconf {
namespace {

constexpr unsigned kTransmissionsPerTurn = 1;
constexpr std::size_t kMaxQueued = 64;

IpAddress wildcard_like(const IpAddress& ip) {
  return ip.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6();
}

}  // namespace

void AsconfInitiator::join(PathId path) {
  const auto same = [path](const Request& request) { return request.path == path; };
  if ((current_ && same(current_->request)) || std::ranges::any_of(queue_, same)) return;
  Request request;
  request.type = wire::ParameterType::kAddIpAddress;
  request.correlation_id = next_correlation_++;
  request.path = path;
  // A path that has not been tried yet comes before those that did not answer.
  queue_.insert(
      std::ranges::find_if(queue_, [](const Request& each) { return each.not_before != Timestamp::min(); }),
      request);
  const bool tried = current_ && current_->request.path != kNoPath && current_->transmissions > 1;
  if (tried) current_->deadline = current_->begun;
}

void AsconfInitiator::request(wire::ParameterType type, const IpAddress& address) {
  if (queue_.size() >= kMaxQueued) return;
  Request request;
  request.type = type;
  request.correlation_id = next_correlation_++;
  request.address = address;
  queue_.push_back(request);
}

void AsconfInitiator::on_path_removed(PathId path) {
  std::erase_if(queue_, [path](const Request& request) { return request.path == path; });
  if (current_ && current_->request.path == path) current_.reset();
}

void AsconfInitiator::on_path_moved(PathId path) {
  if (current_ && current_->request.path == path) current_->deadline = current_->begun;
  for (Request& request : queue_) {
    if (request.path == path) request.not_before = Timestamp::min();
  }
}

// Only HEARTBEATs show that a path is silent: the peer acknowledges data from an address that it does not
// know anyway, over other paths.
void AsconfInitiator::rejoin_failed_paths() {
  constexpr unsigned kErrorsBeforeRejoin = 2;
  if (!enabled_) return;
  for (const auto& path : context_.paths) {
    const bool silent = path->heartbeat.unresponsive() ||
                        (!path->lifecycle.active() && path->error_count >= kErrorsBeforeRejoin);
    if (path->ours && path->state() != PathState::joining && silent) join(path->id);
  }
}

void AsconfInitiator::restart(Tsn initial_tsn) {
  serial_ = initial_tsn.value();
  queue_.clear();
  current_.reset();
}

// A join can leave only on the path that joins; a change with a literal address takes the best path, which
// may be another one after a time-out (RFC 5061 §5.1 B3).
path::Path* AsconfInitiator::way(const Request& request) {
  return request.path == kNoPath ? context_.paths.for_control() : context_.paths.find(request.path);
}

wire::AsconfChunk AsconfInitiator::make_chunk(const Request& request, const path::Path& path,
                                              std::vector<std::byte>& storage) const {
  const IpAddress wildcard = wildcard_like(path.route.remote.ip);
  storage.resize(64);
  ByteWriter writer(storage);
  wire::AsconfRequest{request.type, request.correlation_id,
                      request.path == kNoPath ? request.address : wildcard}
      .write(writer);
  storage.resize(writer.size());
  // Behind a NAT the peer cannot use any address of ours: it finds the association by verification tag.
  return {serial_, wildcard, storage};
}

void AsconfInitiator::queue_due(Timestamp now) {
  if (current_ || !enabled_) return;
  const auto next =
      std::ranges::find_if(queue_, [now](const Request& request) { return request.not_before <= now; });
  if (next == queue_.end()) return;
  const Request request = *next;
  queue_.erase(next);
  const path::Path* path = way(request);
  if (path == nullptr) return;
  std::vector<std::byte> storage;
  // The RTO of a failed path has backed off; other paths do not wait that long for their turn.
  const Duration timeout = std::min(path->rtt.rto(), max_wait(request.path != kNoPath));
  current_ = Outstanding{
      request, control::ControlQueue::serialise(make_chunk(request, *path, storage)), 0, {}, timeout, now};
  transmit(now);
}

void AsconfInitiator::transmit(Timestamp now) {
  const path::Path* path = way(current_->request);
  if (path == nullptr) return;
  ++current_->transmissions;
  current_->deadline = now + current_->timeout;
  context_.control.push_bytes(wire::ChunkType::kAsconf, current_->chunk, path->id);
}

void AsconfInitiator::on_timeout(Timestamp now) {
  if (!current_ || current_->deadline > now) return;
  // The copy in the queue could not leave yet: a second one must not be added to it.
  context_.control.drop(wire::ChunkType::kAsconf);
  const bool join = current_->request.path != kNoPath;
  current_->timeout = std::min(2 * current_->timeout, max_wait(join));
  if (join && current_->transmissions >= kTransmissionsPerTurn && !queue_.empty()) {
    give_up_turn(now);
    return;
  }
  if (!join && current_->transmissions > context_.config.association_max_retrans) {
    on_refusal(current_->request, 0);
    current_.reset();
    return;
  }
  transmit(now);
}

// A join is retried as often as a failed path is probed, so that an uplink that starts to work is noticed as
// soon as a path that returns.
Duration AsconfInitiator::max_wait(bool join) const {
  const EndpointConfig& config = context_.config;
  return join ? std::min(config.rto_max, std::max(config.failed_path_probe_max, config.rto_initial))
              : config.rto_max;
}

void AsconfInitiator::give_up_turn(Timestamp now) {
  Request request = current_->request;
  request.not_before = now + current_->timeout;
  current_.reset();
  queue_.push_back(request);
}

void AsconfInitiator::on_ack(Timestamp now, const wire::AsconfAckChunk& chunk) {
  // RFC 5061 §5.1: only the answer to the outstanding ASCONF counts; late answers, and those from before a
  // restart, are dropped.
  if (!current_ || chunk.serial != serial_) {
    context_.drops.add(DropReason::asconf_out_of_sequence);
    return;
  }
  ++serial_;
  std::optional<Request> asked = std::move(current_->request);
  const Duration took = now - current_->begun;
  current_.reset();
  wire::ParameterReader responses = chunk.response_reader();
  if (const auto view = responses.next()) {
    const auto response = wire::AsconfResponse::parse(*view);
    if (response && response->correlation_id != asked->correlation_id) {
      // The peer answers an earlier join that used this serial number: the current one has to be sent again.
      queue_.push_front(*asked);
      asked = take_by_correlation(response->correlation_id);
    }
    if (asked && response && !response->success) {
      wire::CauseReader causes = response->cause_reader();
      const auto cause = causes.next();
      on_refusal(*asked, cause ? cause->type : std::uint16_t{0});
      return;
    }
  }
  if (asked) on_success(took, *asked);
}

std::optional<AsconfInitiator::Request> AsconfInitiator::take_by_correlation(std::uint32_t correlation_id) {
  const auto found = std::ranges::find(queue_, correlation_id, &Request::correlation_id);
  if (found == queue_.end()) return std::nullopt;
  const Request request = *found;
  queue_.erase(found);
  return request;
}

void AsconfInitiator::on_success(Duration took, const Request& request) {
  path::Path* path = context_.paths.find(request.path);
  if (path == nullptr) return;
  path->rtt.on_handshake(took);
  path->lifecycle.on_joined();
  path->error_count = 0;
  path->heartbeat.unanswered = 0;
  // The peer has dropped an earlier HEARTBEAT as coming from an unknown source: probe without waiting for its
  // time-out.
  path->heartbeat.stop_waiting();
  path->heartbeat.probe_requested = true;
}

void AsconfInitiator::on_refusal(const Request& request, std::uint16_t cause) {
  if (request.path == kNoPath) return;
  context_.events.emit(Event::Kind::path_refused, request.path, cause, "the peer refused the address");
  const path::Path* path = context_.paths.find(request.path);
  if (path != nullptr && !path->proven()) context_.paths.retire(request.path, context_.events);
}

Timestamp AsconfInitiator::next_timeout() const {
  if (current_) return current_->deadline;
  if (!enabled_) return kNever;
  Timestamp next = kNever;
  for (const Request& request : queue_) next = std::min(next, request.not_before);
  return next;
}

}  // namespace hawser::sctp::asconf
