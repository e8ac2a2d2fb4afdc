#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/failure.hpp"

/// The subcommands of `hawser`, one file for each group of them.
namespace hawser::cli {

/// What the chosen subcommand does, to be called once the whole command line is understood.
using Action = std::function<Exit()>;

/// Each adds its subcommands to `app`; the one that is chosen sets `action`. Both outlive the action.
void add_status_command(CLI::App& app, Action& action);
void add_path_command(CLI::App& app, Action& action);
void add_key_commands(CLI::App& app, Action& action);

/// Tells people what went wrong.
Exit report(const Failure& failure);

}  // namespace hawser::cli
