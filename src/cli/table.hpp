#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::cli {

/// Columns as wide as their widest cell, two spaces apart. Owns the cells; knows nothing of what they mean.
class Table {
 public:
  enum class Align : bool { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns; an empty one shows as "-".
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// One line for the titles and one for each row, each after `indent` spaces, none with spaces at its end.
  [[nodiscard]] std::string to_string(std::size_t indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hawser::cli
