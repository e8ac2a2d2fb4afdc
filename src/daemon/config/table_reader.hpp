#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/mistakes.hpp"

namespace hawser::daemon::config {

/// Reads typed values from one TOML table and reports every mistake. A key that is missing or wrong leaves
/// its variable as it was, so that defaults stay. Owns nothing; never decides what a key means.
class TableReader {
 public:
  /// `section` is the name of the table in messages. `mistakes` and `table` outlive the reader.
  TableReader(Mistakes& mistakes, const toml::table& table, std::string_view section)
      : mistakes_(mistakes), table_(table), section_(section) {}

  /// Sets `out` to the value of `key` if the key exists and `parse` (node -> optional) accepts its value.
  /// Returns whether it did.
  template <class T, class Parse>
  bool read(T& out, std::string_view key, std::string_view allowed, Parse parse) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return false;
    auto parsed = parse(*node);
    if (parsed) {
      out = std::move(*parsed);
    } else {
      mistakes_.add(*node, name_of(key), allowed);
    }
    return parsed.has_value();
  }

  /// As read(), for a key that must exist.
  template <class T, class Parse>
  void require(T& out, std::string_view key, std::string_view allowed, Parse parse) const {
    report_if_missing(key, allowed);
    read(out, key, allowed, parse);
  }

  /// Appends the elements of an array of strings that `parse` (string_view -> optional) accepts.
  template <class T, class Parse>
  void read_list(std::vector<T>& out, std::string_view key, std::string_view allowed, Parse parse) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return mistakes_.add(*node, name_of(key), "a list of: " + std::string(allowed));
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string_view>();
      std::optional<T> parsed = text ? parse(*text) : std::nullopt;
      if (parsed) {
        out.push_back(std::move(*parsed));
      } else {
        mistakes_.add(element, name_of(key), allowed);
      }
    }
  }

  /// As read_list(), for a key that must exist.
  template <class T, class Parse>
  void require_list(std::vector<T>& out, std::string_view key, std::string_view allowed, Parse parse) const {
    report_if_missing(key, allowed);
    read_list(out, key, allowed, parse);
  }

  /// Every key that is not in `known` is a mistake.
  void refuse_unknown(std::initializer_list<std::string_view> known) const {
    std::string names;
    for (const std::string_view name : known) names.append(names.empty() ? "" : ", ").append(name);
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known, key.str()) == known.end())
        mistakes_.add(key.source(), name_of(key.str()), "unknown key, saw " + shown_value(node), names);
    }
  }

  /// A key that exists though the table lacks what gives it a meaning is a mistake.
  void refuse(std::string_view key, std::string_view allowed) const {
    if (const toml::node* node = table_.get(key)) mistakes_.add(*node, name_of(key), allowed);
  }

  /// Whether the table has the key, right or wrong.
  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

  /// The line of the key, or of the table if it lacks the key.
  [[nodiscard]] std::uint32_t line_of(std::string_view key) const {
    const toml::node* node = table_.get(key);
    return (node == nullptr ? table_ : *node).source().begin.line;
  }

 private:
  void report_if_missing(std::string_view key, std::string_view allowed) const {
    if (!has(key)) mistakes_.add(table_.source(), name_of(key), "missing", allowed);
  }
  [[nodiscard]] std::string name_of(std::string_view key) const { return key_name(section_, key); }

  Mistakes& mistakes_;
  const toml::table& table_;
  std::string_view section_;
};

}  // namespace hawser::daemon::config
