#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "daemon/config.hpp"
#include "daemon/driver.hpp"
#include "daemon/version.hpp"

namespace {

constexpr int kFailed = 1;   // could not start, or broke down
constexpr int kRefused = 2;  // wrong usage or configuration; nothing was touched

constexpr std::string_view kNotProtected =
    "hawserd: refusing to start: this version cannot encrypt or authenticate traffic yet.\n"
    "Anyone on the way could read, change and inject packets, and anyone who reaches a hub could pose as a "
    "peer.\n"
    "To run it all the same, in a test network, add --insecure-plaintext.\n";

struct Options {
  std::string config;
  std::string log_level = "info";
  bool insecure_plaintext = false;
  bool check = false;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("-c,--config", options.config, "configuration file, e.g. /etc/hawser/hawser0.toml")
      ->required()
      ->type_name("FILE");
  app.add_flag("--insecure-plaintext", options.insecure_plaintext,
               "run without encryption and authentication, which is all that this version can do");
  app.add_flag("--check", options.check, "check the configuration and exit");
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  app.set_version_flag("--version", "hawserd " + std::string(hawser::daemon::kVersion));
  app.footer("Exit status: 0 stopped by a signal; 1 could not start; 2 wrong usage or configuration.");
}

void set_up_log(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_st("hawserd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::flush_on(spdlog::level::trace);
}

int run(const Options& options) {
  const auto config = hawser::daemon::load_config(options.config);
  if (!config) {
    for (const auto& error : config.error()) std::cerr << error.to_string() << '\n';
    return kRefused;
  }
  if (options.check) {
    std::cout << options.config << ": good\n";
    return 0;
  }
  if (!options.insecure_plaintext) {
    std::cerr << kNotProtected;
    return kRefused;
  }
  set_up_log(options.log_level);
  spdlog::warn(
      "RUNNING WITHOUT ENCRYPTION AND AUTHENTICATION (--insecure-plaintext): for test networks only");
  try {
    hawser::daemon::run(*config);
    spdlog::info("stopped");
    return 0;
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return kFailed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"hawserd: a multipath tunnel over one SCTP association", "hawserd"};
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kRefused;
  }
  return run(options);
}
