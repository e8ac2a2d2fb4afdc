#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/sctp/config.hpp"

namespace CLI {
class App;
}

namespace hawser::examples {

/// The command line options for the engine, which both programs share.
class EngineOptions {
 public:
  void add_to(CLI::App& app);
  /// Throws CLI::ValidationError when a key is malformed.
  [[nodiscard]] sctp::EndpointConfig config() const;

 private:
  std::uint16_t port_ = 9899;
  std::uint16_t streams_ = 64;
  unsigned rto_min_ms_ = 1000;
  std::size_t buffer_ = 4U << 20;
  std::vector<std::string> auth_keys_;
  bool nr_sack_ = true;
  bool dynamic_addresses_ = true;
  bool multipath_ = true;
};

/// Throws CLI::ValidationError when `text` is no IP address.
[[nodiscard]] IpAddress parse_ip(const std::string& text);

}  // namespace hawser::examples
