// An SCTP-over-UDP server that sends each message back, on the same stream, with the same payload protocol
// identifier and the same unordered flag:
//
//   sctp_echo --listen 0.0.0.0 --udp-port 9899 --port 5001
//
// It is the smallest complete program on Hawser's engine. On SIGTERM it shuts its associations down and ends.

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "examples/common/message_collector.hpp"
#include "examples/common/plain_driver.hpp"
#include "examples/common/plain_options.hpp"
#include "examples/common/program.hpp"
#include "examples/common/report.hpp"

namespace hawser::examples {
namespace {

using namespace std::chrono_literals;

/// Owns the driver and the replies that wait for room in a send buffer.
class EchoServer {
 public:
  EchoServer(sctp::EndpointConfig config, const UdpAddress& listen, bool print_events)
      : driver_(std::move(config)), print_events_(print_events) {
    driver_.open(listen);
  }

  void run() {
    while (!stop_requested()) turn();
    shut_down();
    print_json({{"event", "report"}, {"echoed", echoed_}, {"drops", to_json(driver_.endpoint().drops())}});
  }

 private:
  struct Reply {
    sctp::AssociationId association;
    sctp::SendOptions options;
    Buffer message;
  };

  void turn() {
    driver_.run_once(100ms);
    while (const auto event = driver_.endpoint().poll_event()) on_event(*event);
    send_replies();
    // While replies wait, messages stay in the engine: its receive window closes and the peers slow down.
    while (replies_.empty()) {
      const auto message = driver_.endpoint().poll_message();
      if (!message) break;
      on_message(*message);
      send_replies();
    }
  }

  void on_event(const sctp::Event& event) {
    using Kind = sctp::Event::Kind;
    if (print_events_ && event.kind != Kind::writable) print_json(to_json(event, driver_.endpoint()));
    if (event.kind == Kind::accepted) associations_.insert(event.association);
    if (event.kind == Kind::closed || event.kind == Kind::aborted || event.kind == Kind::lost) {
      associations_.erase(event.association);
      collector_.forget(event.association);
    }
  }

  void on_message(const sctp::ReceivedMessage& part) {
    const auto message = collector_.add(part);
    if (!message) return;
    sctp::SendOptions options;
    options.stream = part.stream;
    options.ppid = part.ppid;
    options.unordered = part.unordered;
    replies_.push_back({part.association, options, driver_.pool().copy(*message)});
  }

  void send_replies() {
    while (!replies_.empty()) {
      Reply& reply = replies_.front();
      const auto result =
          driver_.endpoint().send(driver_.now(), reply.association, std::move(reply.message), reply.options);
      if (result == sctp::SendResult::would_block) return;
      if (result == sctp::SendResult::ok) ++echoed_;
      replies_.pop_front();  // other results: the association has ended, or it has no such outgoing stream
    }
  }

  void shut_down() {
    for (const auto association : associations_) driver_.endpoint().shutdown(driver_.now(), association);
    const Timestamp deadline = driver_.now() + 5s;
    while (!associations_.empty() && driver_.now() < deadline) turn();
  }

  PlainDriver driver_;
  bool print_events_;
  std::set<sctp::AssociationId> associations_;
  MessageCollector collector_;
  std::deque<Reply> replies_;
  std::uint64_t echoed_ = 0;
};

int run(int argc, char** argv) {
  CLI::App app{"SCTP-over-UDP echo server"};
  std::string listen = "0.0.0.0";
  std::uint16_t udp_port = 9899;
  bool print_events = false;
  EngineOptions engine;
  app.add_option("--listen", listen, "address to listen on");
  app.add_option("--udp-port", udp_port, "UDP port to listen on");
  app.add_flag("--json-events", print_events, "print events, one JSON object per line");
  engine.add_to(app);
  CLI11_PARSE(app, argc, argv);

  sctp::EndpointConfig config = engine.config();
  config.accept = true;
  catch_stop_signals();
  EchoServer server(std::move(config), {parse_ip(listen), udp_port}, print_events);
  print_json({{"event", "listening"}});
  server.run();
  return 0;
}

}  // namespace
}  // namespace hawser::examples

int main(int argc, char** argv) {
  return hawser::examples::run_program("sctp_echo", hawser::examples::run, argc, argv);
}
