#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"

namespace hawser::daemon::config {

/// Reads typed values from the tables of one TOML file and collects every mistake. Owns the list of mistakes;
/// never decides what a key means.
class ConfigReader {
 public:
  explicit ConfigReader(std::string file) : file_(std::move(file)) {}

  void mistake(const toml::source_region& where, std::string key, std::string problem,
               std::string_view allowed) {
    errors_.push_back({file_, where.begin.line, std::move(key), std::move(problem), std::string(allowed)});
  }
  void mistake(const toml::node& node, std::string key, std::string_view allowed) {
    mistake(node.source(), std::move(key), "saw " + seen(node), allowed);
  }

  /// The value of `key`, when it is there and `parse` (node -> optional<T>) accepts it.
  template <class T, class Parse>
  std::optional<T> value(const toml::table& table, std::string_view section, std::string_view key,
                         std::string_view allowed, Parse parse) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    std::optional<T> parsed = parse(*node);
    if (!parsed) mistake(*node, name_of(section, key), allowed);
    return parsed;
  }

  /// The same for a key that must be there.
  template <class T, class Parse>
  std::optional<T> required(const toml::table& table, std::string_view section, std::string_view key,
                            std::string_view allowed, Parse parse) {
    if (!table.contains(key)) mistake(table.source(), name_of(section, key), "missing", allowed);
    return value<T>(table, section, key, allowed, parse);
  }

  /// The elements of an array of strings that `parse` (string_view -> optional<T>) accepts.
  template <class T, class Parse>
  std::vector<T> list(const toml::table& table, std::string_view section, std::string_view key,
                      std::string_view allowed, Parse parse) {
    std::vector<T> out;
    const toml::node* node = table.get(key);
    if (node == nullptr) return out;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      mistake(*node, name_of(section, key), "a list of: " + std::string(allowed));
      return out;
    }
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string_view>();
      std::optional<T> parsed = text ? parse(*text) : std::nullopt;
      if (!parsed) {
        mistake(element, name_of(section, key), allowed);
      } else {
        out.push_back(std::move(*parsed));
      }
    }
    return out;
  }

  void refuse_unknown(const toml::table& table, std::string_view section,
                      std::initializer_list<std::string_view> known) {
    std::string names;
    for (const std::string_view name : known) names.append(names.empty() ? "" : ", ").append(name);
    for (const auto& [key, node] : table) {
      bool found = false;
      for (const std::string_view name : known) found = found || name == key.str();
      if (!found) mistake(key.source(), name_of(section, key.str()), "unknown key, saw " + seen(node), names);
    }
  }

  [[nodiscard]] ConfigErrors& errors() { return errors_; }

  /// The value as text. A private key that stands where it should not is never shown: messages end up in
  /// logs.
  static std::string seen(const toml::node& node) {
    std::ostringstream text;
    constexpr auto kFlags = toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings;
    text << toml::toml_formatter{node, kFlags};
    std::string line = text.str();
    if (may_hold_key(line)) return "a value that is not shown, as it may be a key";
    for (char& c : line) c = c == '\n' ? ' ' : c;
    return line.size() <= 80 ? line : line.substr(0, 77) + "...";
  }

  /// Whether a run of base64 in the text is as long as a key, or almost.
  static bool may_hold_key(std::string_view text) {
    constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    constexpr std::size_t kSuspicious = 40;
    std::size_t run = 0;
    return std::any_of(text.begin(), text.end(), [&](char c) {
      run = kBase64.find(c) == std::string_view::npos ? 0 : run + 1;
      return run >= kSuspicious;
    });
  }

  static std::string name_of(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : std::string(section).append(".").append(key);
  }

 private:
  std::string file_;
  ConfigErrors errors_;
};

}  // namespace hawser::daemon::config
