#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <utility>

#include "daemon/config/config.hpp"

namespace hawser::daemon::config {

/// Collects the mistakes of one configuration file. Owns the list. Never shows a value that may be a key.
class Mistakes {
 public:
  /// `file` is the name of the file in messages.
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  /// A mistake at the line where `where` begins.
  void add(const toml::source_region& where, std::string key, std::string problem, std::string_view allowed);
  /// The value of `node` is not allowed: "saw …".
  void add(const toml::node& node, std::string key, std::string_view allowed);

  /// The mistakes in the order of add().
  [[nodiscard]] ConfigErrors& errors() { return errors_; }

 private:
  std::string file_;
  ConfigErrors errors_;
};

/// "section.key", the name of a key in messages; `section` is empty for the root.
[[nodiscard]] std::string key_name(std::string_view section, std::string_view key);

/// The value as text on one line of at most 80 characters. Messages end up in logs, so a text that may hold
/// a key is not shown.
[[nodiscard]] std::string shown_value(const toml::node& node);

}  // namespace hawser::daemon::config
