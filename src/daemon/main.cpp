#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "crypto/aead.hpp"
#include "crypto/tls_session.hpp"
#include "daemon/config/key_loader.hpp"
#include "daemon/config/loader.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/hooks/command_check.hpp"
#include "daemon/log_sink.hpp"
#include "daemon/privileges/privileges.hpp"
#include "daemon/routing/routing.hpp"
#include "daemon/version.hpp"
#include "hawser/crypto/secret.hpp"
#include "io/netlink/link.hpp"

namespace {

constexpr int kFailed = 1;   // could not start, or failed while running
constexpr int kRefused = 2;  // wrong usage or configuration; nothing was changed

struct Options {
  std::string config;
  std::string log_level = "info";
  std::optional<std::string> user;
  bool check = false;
  bool set_kill_switch = false;
  bool lift_kill_switch = false;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("-c,--config", options.config, "configuration file, e.g. /etc/hawser/hawser0.toml; required")
      ->type_name("FILE");
  // Not required(): a wrong option is then reported as a missing --config.
  app.callback([&options] {
    if (options.config.empty()) throw CLI::RequiredError("--config");
  });
  app.add_flag("--check", options.check, "check the configuration and its key files, then exit");
  auto* set = app.add_flag("--set-kill-switch", options.set_kill_switch,
                           "add the rules and routes of the kill switch before hawserd runs, then exit");
  app.add_flag("--lift-kill-switch", options.lift_kill_switch,
               "remove the rules and routes that the kill switch left behind, then exit")
      ->excludes(set);
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  app.add_option("--user", options.user,
                 "user to become after the set-up; the default is hawser, if it exists; root: stay root")
      ->type_name("NAME");
  app.set_version_flag("--version", "hawserd " + std::string(hawser::daemon::kVersion));
  app.footer("Exit status: 0 stopped by a signal; 1 failed; 2 wrong usage or configuration.");
}

void set_up_log(const std::string& level) {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("hawserd", std::make_shared<hawser::daemon::LogSink>(STDERR_FILENO)));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::flush_on(spdlog::level::trace);
}

int refuse(const hawser::daemon::config::ConfigErrors& errors) {
  for (const auto& error : errors) std::cerr << error.to_string() << '\n';
  return kRefused;
}

hawser::crypto::CipherCosts measured_costs() {
  const auto costs = hawser::crypto::measure_ciphers();
  spdlog::debug("sealing 1400 bytes costs {} ns with aes-128-gcm, {} ns with chacha20-poly1305",
                costs.aes_128_gcm, costs.chacha20_poly1305);
  return costs;
}

// A conflict depends on the machine's networks of this moment: a warning, not a mistake.
int report_check(const Options& options, const hawser::daemon::config::Config& config) {
  for (const std::string& text : hawser::daemon::routing::find_conflicts(config))
    std::cerr << options.config << ": warning: " << text << '\n';
  std::cout << options.config << ": good\n";
  return 0;
}

// A running hawserd keeps the kill switch as it should be.
int set_kill_switch(const hawser::daemon::config::Config& config) {
  if (!config.interface.kill_switch) {
    std::cerr << config.file << ": interface.kill_switch is false: there is nothing to set\n";
    return kFailed;
  }
  if (hawser::io::netlink::interface_exists(config.interface.name)) return 0;
  for (const std::string& piece : hawser::daemon::routing::set_kill_switch(config))
    std::cout << "added " << piece << '\n';
  return 0;
}

int lift_kill_switch(const hawser::daemon::config::Config& config) {
  if (hawser::io::netlink::interface_exists(config.interface.name)) {
    std::cerr << "hawserd: " << config.interface.name
              << " exists: stop its hawserd first, which would restore the kill switch\n";
    return kFailed;
  }
  const auto removed = hawser::daemon::routing::lift_kill_switch(config);
  for (const std::string& piece : removed) std::cout << "removed " << piece << '\n';
  if (removed.empty()) std::cout << "no kill switch of " << config.interface.name << " is set\n";
  return 0;
}

int run(const Options& options) try {
  const auto config = hawser::daemon::config::load_config(options.config);
  if (!config) return refuse(config.error());
  if (options.set_kill_switch) return set_kill_switch(*config);
  if (options.lift_kill_switch) return lift_kill_switch(*config);
  const hawser::daemon::privileges::Privileges privileges(options.user);
  auto security = hawser::daemon::config::load_keys(*config, privileges.key_readers());
  if (!security) return refuse(security.error());
  if (const auto errors = hawser::daemon::hooks::check_hook_command(*config); !errors.empty())
    return refuse(errors);
  if (const auto errors = privileges.check_hooks(*config); !errors.empty()) return refuse(errors);
  // A policy of the system that forbids an algorithm shows now, and not when the first peer connects.
  static_cast<void>(hawser::crypto::TlsIdentity(security->private_key));
  if (options.check) return report_check(options, *config);
  security->cipher_costs = measured_costs();
  hawser::daemon::run(*config, std::move(*security), privileges);
  spdlog::info("stopped");
  return 0;
} catch (const std::invalid_argument& error) {
  std::cerr << error.what() << '\n';
  return kRefused;
} catch (const std::exception& error) {
  spdlog::error("{}", error.what());
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  if (!hawser::crypto::protect_process_memory()) {
    std::cerr << "hawserd: cannot keep keys out of core dumps and freed memory\n";
    return kFailed;
  }
  CLI::App app{"hawserd: a multipath tunnel over one SCTP association", "hawserd"};
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kRefused;
  }
  set_up_log(options.log_level);
  return run(options);
}
