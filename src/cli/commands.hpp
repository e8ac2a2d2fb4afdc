#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/failure.hpp"

/// The subcommands of `hawser`, one file for each group.
namespace hawser::cli {

/// Runs the chosen subcommand; called after the whole command line was parsed.
using Action = std::function<Exit()>;

// The add_* functions add subcommands to `app`; the subcommand on the command line sets `action`. Both
// arguments outlive the action.

/// Adds `status`.
void add_status_command(CLI::App& app, Action& action);
/// Adds `path set`.
void add_path_command(CLI::App& app, Action& action);
/// Adds `genkey`, `pubkey` and `genpsk`.
void add_key_commands(CLI::App& app, Action& action);

/// Prints the failure to standard error and returns its exit status.
Exit report(const Failure& failure);

}  // namespace hawser::cli
