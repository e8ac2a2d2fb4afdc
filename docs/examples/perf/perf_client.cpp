#include "examples/perf/perf_client.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <chrono>
#include <utility>

#include "examples/common/program.hpp"
#include "examples/common/report.hpp"

namespace hawser::examples {

using namespace std::chrono_literals;

PerfClient::PerfClient(sctp::EndpointConfig config, PerfClientOptions options)
    : options_(std::move(options)), driver_(std::move(config)), numbers_(options_.streams) {}

int PerfClient::run() {
  std::vector<SocketId> sockets;
  for (const IpAddress& local : options_.local) sockets.push_back(driver_.open({local, 0}));
  association_ = driver_.endpoint().connect(driver_.now(), driver_.route(sockets.front(), options_.remote),
                                            options_.remote_port);
  while (phase_ != Phase::over) turn();
  linger();
  report();
  return success_ ? 0 : 1;
}

void PerfClient::turn() {
  driver_.run_once(20ms);
  while (const auto event = driver_.endpoint().poll_event()) on_event(*event);
  while (const auto message = driver_.endpoint().poll_message()) on_message(*message);
  advance();
}

void PerfClient::on_event(const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (options_.print_events && event.kind != Kind::writable) print_json(to_json(event, driver_.endpoint()));
  switch (event.kind) {
    case Kind::connected:
      add_uplinks();
      earliest_begin_ =
          driver_.now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options_.delay));
      phase_ = Phase::joining;
      break;
    case Kind::closed:
      success_ = phase_ == Phase::staying || phase_ == Phase::closing;
      phase_ = Phase::over;
      break;
    case Kind::aborted:
    case Kind::lost: phase_ = Phase::over; break;
    default: break;
  }
}

void PerfClient::on_message(const sctp::ReceivedMessage& part) {
  const auto message = collector_.add(part);
  if (!message) return;
  ++returned_;
  if (options_.verify) received_.add(part.stream.value(), part.unordered, *message);
}

void PerfClient::add_uplinks() {
  for (std::uint32_t i = 1; i < options_.local.size(); ++i) {
    (void)driver_.endpoint().add_path(driver_.now(), association_,
                                      driver_.route(SocketId(i), options_.remote));
  }
}

void PerfClient::advance() {
  if (phase_ == Phase::joining && (ready() || stop_requested())) begin_sending();
  if (phase_ == Phase::sending) send_messages();
  if (phase_ == Phase::draining && drained()) on_drained();
  if (phase_ == Phase::staying && (!options_.stay || stop_requested())) close();
  if (phase_ == Phase::connecting && stop_requested()) phase_ = Phase::over;
}

bool PerfClient::ready() const {
  if (driver_.now() < earliest_begin_) return false;
  const auto status = driver_.endpoint().status(association_);
  if (!status) return false;
  const auto active = std::ranges::count(status->paths, sctp::PathState::active, &sctp::PathStatus::state);
  return static_cast<std::size_t>(active) >= options_.wait_paths;
}

void PerfClient::begin_sending() {
  const auto status = driver_.endpoint().status(association_);
  if (!status) return;
  // The peer may grant fewer streams than requested (RFC 9260 §5.1.1).
  options_.streams = std::min(options_.streams, status->outbound_streams);
  begin_ = driver_.now();
  phase_ = Phase::sending;
}

void PerfClient::send_messages() {
  while (next_ || !finished()) {
    if (!send_one()) return;
  }
  phase_ = Phase::draining;
}

bool PerfClient::finished() const {
  if (stop_requested()) return true;
  if (options_.messages != 0 && messages_ == options_.messages) return true;
  const auto elapsed = std::chrono::duration<double>(driver_.now() - begin_);
  return options_.seconds > 0 && elapsed.count() >= options_.seconds;
}

bool PerfClient::send_one() {
  const auto stream = static_cast<std::uint16_t>(messages_ % options_.streams);
  if (!next_) {
    next_ = driver_.pool().acquire(options_.sizes[messages_ % options_.sizes.size()]);
    if (options_.verify) {
      fill_test_message(next_.bytes(), stream, numbers_[stream]++);
      sent_.add(stream, options_.unordered, next_.bytes());
    } else {
      std::ranges::fill(next_.bytes(), std::byte{0});
    }
  }
  sctp::SendOptions send;
  send.stream = sctp::StreamId(stream);
  send.ppid = sctp::Ppid(1000U + stream);
  send.unordered = options_.unordered;
  send.lifetime = std::chrono::milliseconds(options_.lifetime_ms);
  send.max_retransmissions = options_.max_retransmissions;
  const std::size_t size = next_.size();
  if (driver_.endpoint().send(driver_.now(), association_, std::move(next_), send) != sctp::SendResult::ok)
    return false;
  next_.reset();
  ++messages_;
  bytes_ += size;
  return true;
}

bool PerfClient::drained() const {
  if (options_.echo && returned_ < messages_) return false;
  const auto status = driver_.endpoint().status(association_);
  return !status || status->queued_bytes == 0;
}

void PerfClient::on_drained() {
  end_ = driver_.now();
  phase_ = Phase::staying;
  if (options_.print_events) print_json({{"event", "drained"}});
}

void PerfClient::close() {
  last_status_ = driver_.endpoint().status(association_);
  phase_ = Phase::closing;
  if (!options_.abort) return driver_.endpoint().shutdown(driver_.now(), association_);
  driver_.endpoint().abort(driver_.now(), association_, "aborted by --abort");
  success_ = true;
  phase_ = Phase::over;
}

// Sends the final packet (ABORT or SHUTDOWN COMPLETE). When the network loses it, the peer retransmits, and
// an endpoint that still runs answers that the association has ended (RFC 9260 §8.4).
void PerfClient::linger() {
  const Timestamp end =
      driver_.now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options_.linger));
  driver_.run_once(0ms);
  while (driver_.now() < end) driver_.run_once(end - driver_.now());
}

void PerfClient::report() const {
  const double seconds = std::max(std::chrono::duration<double>(end_ - begin_).count(), 1e-9);
  boost::json::object object{{"event", "report"},
                             {"role", "client"},
                             {"success", success_},
                             {"messages", messages_},
                             {"bytes", bytes_},
                             {"seconds", seconds},
                             {"messages_per_s", static_cast<double>(messages_) / seconds},
                             {"mbit_s", static_cast<double>(bytes_) * 8e-6 / seconds},
                             {"returned", returned_}};
  if (options_.verify) {
    object["sent"] = to_json(sent_);
    object["received"] = to_json(received_);
  }
  if (last_status_) object["association"] = to_json(*last_status_);
  object["drops"] = to_json(driver_.endpoint().drops());
  print_json(object);
}

}  // namespace hawser::examples
