#include <iostream>
#include <memory>
#include <string>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/status_text.hpp"
#include "control/message.hpp"

namespace hawser::cli {
namespace {

/// Command line of `status`.
struct StatusOptions {
  std::string interface;  ///< empty: the only one
  std::string socket;     ///< empty: the interface's default
  bool json = false;
};

Exit show_status(const StatusOptions& options) {
  const auto socket =
      choose_socket(options.socket, options.interface, std::string(control::kSocketDirectory));
  if (!socket) return report(socket.error());
  const auto answer = ask(*socket, control::make_request({}));
  if (!answer) return report(answer.error());
  const auto status = control::parse_status(*answer);
  if (!status) return report({Exit::failed, *socket + ": " + status.error().message});
  std::cout << (options.json ? *answer + "\n" : status_text(*status)) << std::flush;
  return std::cout ? Exit::ok : report({Exit::failed, "cannot write to standard output"});
}

}  // namespace

void add_status_command(CLI::App& app, Action& action) {
  // Shared because CLI11 copies the callback.
  const auto options = std::make_shared<StatusOptions>();
  CLI::App* status = app.add_subcommand("status", "show a tunnel, its peers and a row for each path");
  status->add_option("INTERFACE", options->interface,
                     "the tunnel's interface; not needed when there is only one");
  status->add_flag("--json", options->json, "the whole status as one line of JSON (see docs/control.md)");
  status->add_option("--socket", options->socket, "control socket, instead of /run/hawser/INTERFACE.sock")
      ->type_name("PATH");
  status->callback([options, &action] { action = [options] { return show_status(*options); }; });
}

}  // namespace hawser::cli
