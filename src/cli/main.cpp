#include <algorithm>
#include <exception>
#include <iostream>
#include <string>

#include "cli/commands.hpp"
#include "cli/version.hpp"
#include "hawser/crypto/secret.hpp"

namespace hawser::cli {

Exit report(const Failure& failure) {
  std::cerr << "hawser: " << failure.message << '\n';
  return failure.exit;
}

namespace {

// The first word of the command line that should be a command and is none. Empty: there is none.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
    if (word.starts_with('-') || commands.empty()) return "";
    const auto found =
        std::ranges::find(commands, word, [](const CLI::App* each) { return each->get_name(); });
    if (found == commands.end()) return word;
    at = *found;
  }
  return "";
}

Exit run(int argc, char** argv) try {
  if (!crypto::protect_process_memory())
    return report({Exit::failed, "cannot keep keys out of core dumps and freed memory"});
  CLI::App app{"hawser: shows and controls the tunnels of this machine, makes keys", "hawser"};
  app.set_version_flag("--version", "hawser " + std::string(kVersion));
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 success; 1 the input is not a key, or the daemon rejected the request or sent an "
      "invalid reply; 2 wrong usage; 3 no daemon is running; 4 permission denied.");
  Action action;
  add_status_command(app, action);
  add_path_command(app, action);
  add_key_commands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_command(app, argc, argv);
    if (!unknown.empty())
      return report({Exit::usage, "unknown command \"" + unknown + "\"; hawser --help lists the commands"});
    return app.exit(error) == 0 ? Exit::ok : Exit::usage;
  }
  return action();
} catch (const std::exception& error) {
  return report({Exit::failed, error.what()});
}

}  // namespace
}  // namespace hawser::cli

int main(int argc, char** argv) {
  return static_cast<int>(hawser::cli::run(argc, argv));
}
