#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "cli/client.hpp"
#include "cli/status_text.hpp"
#include "cli/version.hpp"
#include "hawser/control/message.hpp"

namespace {

using hawser::cli::Exit;

struct StatusOptions {
  std::string interface;
  std::string socket;
  bool json = false;
};

int report(const hawser::cli::Failure& failure) {
  std::cerr << "hawser: " << failure.message << '\n';
  return static_cast<int>(failure.exit);
}

int show_status(const StatusOptions& options) {
  const auto socket = hawser::cli::choose_socket(options.socket, options.interface,
                                                 std::string(hawser::control::kSocketDirectory));
  if (!socket) return report(socket.error());
  const auto answer =
      hawser::cli::ask(*socket, hawser::control::make_request(hawser::control::Command::status));
  if (!answer) return report(answer.error());
  const auto status = hawser::control::parse_status(*answer);
  if (!status) return report({Exit::failed, *socket + ": " + status.error().message});
  std::cout << (options.json ? *answer + "\n" : hawser::cli::status_text(*status)) << std::flush;
  return std::cout ? 0 : report({Exit::failed, "cannot write the answer"});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"hawser: looks after the tunnels of this machine", "hawser"};
  app.set_version_flag("--version", "hawser " + std::string(hawser::cli::kVersion));
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 success; 1 the daemon refused or answered nonsense; 2 wrong usage; 3 no daemon runs; "
      "4 permission denied.");
  StatusOptions options;
  CLI::App* status = app.add_subcommand("status", "show a tunnel, its peers and a row for each path");
  status->add_option("INTERFACE", options.interface,
                     "the tunnel's interface; not needed when there is only one");
  status->add_flag("--json", options.json, "the whole status as one line of JSON (see docs/control.md)");
  status->add_option("--socket", options.socket, "control socket, instead of /run/hawser/INTERFACE.sock")
      ->type_name("PATH");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  return show_status(options);
}
