// Measures the throughput of SCTP over UDP on Hawser's engine, against itself or another stack:
//
//   sctp_perf server --listen 0.0.0.0 --udp-port 9899 --port 5001
//   sctp_perf client --connect 192.0.2.1 --udp-port 9899 --port 5001 --local 10.0.0.1 --local 10.1.0.1
//                    --size 1200 --streams 16 --seconds 10
//
// Each --local address is one uplink: the association begins on the first one; the others join it by a
// wildcard ASCONF (RFC 5061 §4.2.1) and carry data too. The last line of the output is a JSON report.

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "examples/common/plain_options.hpp"
#include "examples/common/program.hpp"
#include "examples/common/report.hpp"
#include "examples/perf/perf_client.hpp"
#include "examples/perf/perf_server.hpp"

namespace hawser::examples {
namespace {

struct CommandLine {
  EngineOptions engine;
  std::uint16_t udp_port = 9899;
  std::string listen = "0.0.0.0";
  std::string connect;
  std::vector<std::string> local;
  PerfServerOptions server;
  PerfClientOptions client;
};

CLI::App* add_server(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("server", "receive and count the messages of clients");
  command->add_option("--listen", line.listen, "address to listen on");
  command->add_option("--udp-port", line.udp_port, "UDP port to listen on");
  command->add_option("--associations", line.server.associations, "exit after this number of associations");
  command->add_flag("--verify", line.server.verify, "check the messages of a client with --verify");
  command->add_flag("--json-events", line.server.print_events, "print events, one JSON object per line");
  line.engine.add_to(*command);
  return command;
}

CLI::App* add_client(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("client", "send as fast as the association accepts");
  PerfClientOptions& o = line.client;
  command->add_option("--connect", line.connect, "address of the server")->required();
  command->add_option("--udp-port", line.udp_port, "UDP port of the server");
  command->add_option("--remote-port", o.remote_port, "SCTP port of the server (default: that of --port)");
  command->add_option("--local", line.local, "local address of an uplink; repeat it for more uplinks");
  command->add_option("--size", o.sizes, "bytes of a message; several sizes are used in turn")
      ->check(CLI::Range(kMinTestMessage, std::size_t{16} << 20));
  command->add_option("--messages", o.messages, "messages to send");
  command->add_option("--seconds", o.seconds, "time to send for (default: 10, unless --messages is given)");
  command->add_option("--delay", o.delay, "seconds to wait between set-up and the first message");
  command->add_option("--wait-paths", o.wait_paths, "active paths to wait for before sending");
  command->add_flag("--unordered", o.unordered, "send unordered");
  command->add_option("--lifetime", o.lifetime_ms,
                      "milliseconds after which a message is abandoned (RFC 7496)");
  command->add_option("--max-retransmissions", o.max_retransmissions,
                      "most retransmissions before a message is abandoned (RFC 7496)");
  command->add_flag("--verify", o.verify, "send messages that can be checked, and check those that return");
  command->add_flag("--echo", o.echo, "expect every message back");
  command->add_flag("--abort", o.abort, "end by ABORT instead of SHUTDOWN");
  command->add_option("--linger", o.linger, "seconds to keep answering a peer that missed the end");
  command->add_flag("--stay", o.stay, "keep the association until the peer or a signal ends it");
  command->add_flag("--json-events", o.print_events, "print events, one JSON object per line");
  line.engine.add_to(*command);
  return command;
}

int run_server(CommandLine& line) {
  sctp::EndpointConfig config = line.engine.config();
  config.accept = true;
  line.server.listen = {parse_ip(line.listen), line.udp_port};
  PerfServer server(std::move(config), line.server);
  print_json({{"event", "listening"}});
  return server.run();
}

int run_client(CommandLine& line, bool remote_port_given) {
  const sctp::EndpointConfig config = line.engine.config();
  PerfClientOptions& o = line.client;
  o.remote = {parse_ip(line.connect), line.udp_port};
  for (const std::string& local : line.local) o.local.push_back(parse_ip(local));
  if (o.local.empty()) o.local.push_back(o.remote.ip.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6());
  if (!remote_port_given) o.remote_port = config.port;
  if (o.sizes.empty()) o.sizes.push_back(1200);
  if (o.messages == 0 && o.seconds <= 0) o.seconds = 10;
  o.streams = config.outbound_streams;
  return PerfClient(config, o).run();
}

int run(int argc, char** argv) {
  CLI::App app{"SCTP-over-UDP throughput measurement"};
  app.require_subcommand(1);
  CommandLine line;
  const CLI::App* server = add_server(app, line);
  const CLI::App* client = add_client(app, line);
  CLI11_PARSE(app, argc, argv);
  catch_stop_signals();
  return server->parsed() ? run_server(line) : run_client(line, client->count("--remote-port") != 0);
}

}  // namespace
}  // namespace hawser::examples

int main(int argc, char** argv) {
  return hawser::examples::run_program("sctp_perf", hawser::examples::run, argc, argv);
}
