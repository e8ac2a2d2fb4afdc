#include <iostream>
#include <memory>
#include <string>

#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "control/message.hpp"

namespace hawser::cli {
namespace {

/// Command line of `path set`.
struct PathOptions {
  control::PathSetting setting;
  std::string interface;  ///< empty: the only one
  std::string socket;     ///< empty: the interface's default
};

Exit set_path(const PathOptions& options) {
  const auto socket =
      choose_socket(options.socket, options.interface, std::string(control::kSocketDirectory));
  if (!socket) return report(socket.error());
  const auto answer = ask(*socket, control::make_request({control::Command::path_set, options.setting}));
  if (!answer) return report(answer.error());
  const auto change = control::parse_path_change(*answer);
  if (!change) return report({Exit::failed, change.error().message});
  std::cout << change->label << ": " << change->setting << " " << change->before << " -> " << change->after
            << "\n";
  if (change->over_quota)
    std::cout << change->label
              << ": its quota is used up, so that the role of over_quota may apply instead\n";
  std::cout << std::flush;
  return std::cout ? Exit::ok : report({Exit::failed, "cannot write to standard output"});
}

}  // namespace

void add_path_command(CLI::App& app, Action& action) {
  // Shared because CLI11 copies the callback.
  const auto options = std::make_shared<PathOptions>();
  CLI::App* path = app.add_subcommand("path", "change settings of an uplink while the daemon runs");
  path->require_subcommand(1);
  CLI::App* set = path->add_subcommand(
      "set",
      "change one setting of one uplink for all peers, until the daemon stops; `status` shows the settings");
  set->add_option("LABEL", options->setting.label, "the uplink's label")->required();
  set->add_option("SETTING", options->setting.setting, "role, max_upload, max_download or congestion")
      ->required();
  set->add_option("VALUE", options->setting.value,
                  "role: always, secondary, backup or never; max_upload, max_download: a rate, e.g. "
                  "\"20 Mbit/s\", or none to remove the cap; congestion: bbr, cubic, newreno or coupled")
      ->required();
  set->add_option("--interface", options->interface,
                  "the tunnel's interface; not needed when there is only one")
      ->type_name("NAME");
  set->add_option("--socket", options->socket, "control socket, instead of /run/hawser/INTERFACE.sock")
      ->type_name("PATH");
  set->callback([options, &action] { action = [options] { return set_path(*options); }; });
}

}  // namespace hawser::cli
