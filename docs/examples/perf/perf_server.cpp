#include "examples/perf/perf_server.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <chrono>
#include <utility>

#include "examples/common/program.hpp"
#include "examples/common/report.hpp"

namespace hawser::examples {

using namespace std::chrono_literals;

PerfServer::PerfServer(sctp::EndpointConfig config, const PerfServerOptions& options)
    : options_(options), driver_(std::move(config)) {
  driver_.open(options.listen);
}

int PerfServer::run() {
  while (!stop_requested() && (options_.associations == 0 || served_ < options_.associations)) turn();
  shut_down();
  driver_.run_once(0ms);  // sends the last SHUTDOWN COMPLETE
  return 0;
}

void PerfServer::turn() {
  driver_.run_once(100ms);
  // Messages first: the messages of an association precede the event that it ended.
  while (const auto message = driver_.endpoint().poll_message()) on_message(*message);
  for (auto& [id, client] : clients_) {
    if (auto status = driver_.endpoint().status(id)) client.status = std::move(*status);
  }
  while (const auto event = driver_.endpoint().poll_event()) on_event(*event);
}

void PerfServer::on_event(const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (options_.print_events && event.kind != Kind::writable) print_json(to_json(event, driver_.endpoint()));
  if (event.kind == Kind::accepted) clients_.try_emplace(event.association);
  if (event.kind == Kind::closed || event.kind == Kind::aborted || event.kind == Kind::lost) on_end(event);
}

void PerfServer::on_message(const sctp::ReceivedMessage& part) {
  Client& client = clients_[part.association];
  client.last = driver_.now();
  if (client.messages == 0) client.first = client.last;
  const auto message = collector_.add(part);
  if (!message) return;
  ++client.messages;
  client.bytes += message->size();
  if (options_.verify) client.audit.add(part.stream.value(), part.unordered, *message);
}

void PerfServer::on_end(const sctp::Event& event) {
  const Client& client = clients_[event.association];
  const double seconds = std::max(std::chrono::duration<double>(client.last - client.first).count(), 1e-9);
  boost::json::object object{{"event", "report"},
                             {"role", "server"},
                             {"graceful", event.kind == sctp::Event::Kind::closed},
                             {"messages", client.messages},
                             {"bytes", client.bytes},
                             {"seconds", seconds},
                             {"messages_per_s", static_cast<double>(client.messages) / seconds},
                             {"mbit_s", static_cast<double>(client.bytes) * 8e-6 / seconds}};
  if (options_.verify) object["received"] = to_json(client.audit);
  object["association"] = to_json(client.status);
  object["drops"] = to_json(driver_.endpoint().drops());
  print_json(object);
  clients_.erase(event.association);
  collector_.forget(event.association);
  ++served_;
}

void PerfServer::shut_down() {
  for (const auto& [id, client] : clients_) driver_.endpoint().shutdown(driver_.now(), id);
  const Timestamp deadline = driver_.now() + 5s;
  while (!clients_.empty() && driver_.now() < deadline) turn();
}

}  // namespace hawser::examples
