// Reads arbitrary text as a configuration file. In all cases: there is a configuration that the engine and
// the tunnel can be built from, or there are errors, each of which is one line of text.

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "daemon/config/engine_config.hpp"
#include "daemon/config/loader.hpp"
#include "input.hpp"

namespace hawser::daemon::config::fuzz {
namespace {

using hawser::fuzz::require;

void check(const ConfigErrors& errors) {
  require(!errors.empty());
  for (const ConfigError& error : errors) {
    const std::string text = error.to_string();
    require(text.starts_with("f.toml") && !error.problem.empty());
    require(std::ranges::none_of(text,
                                 [](char c) { return c == '\n' || c == '\r' || c == '\0' || c == '\x1b'; }));
  }
}

void check(const Config& config) {
  require(!config.peers.empty() && !config.interface.name.empty() && config.interface.name.size() <= 15);
  require(config.interface.state_directory.starts_with('/') &&
          config.interface.control_socket.starts_with('/'));
  std::set<std::string> names;
  for (const PeerConfig& peer : config.peers) {
    require(peer.public_key.has_value() && names.insert(peer.name).second);
    require(!config.interface.listen.empty() || !peer.endpoint.empty());
  }
  for (const UplinkConfig& uplink : config.uplinks)
    require(!uplink.interface.empty() && !uplink.label.empty());
  static_cast<void>(endpoint_config(config));
  require(tunnel_config(config, 1).peers.size() == config.peers.size());
}

}  // namespace
}  // namespace hawser::daemon::config::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser::daemon::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_config(text, "f.toml");
  config ? fuzz::check(*config) : fuzz::check(config.error());
  return 0;
}
