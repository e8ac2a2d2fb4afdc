#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::cli {

/// Formats rows of text as columns that are as wide as their widest cell, two spaces apart. Owns the cells;
/// never interprets them.
class Table {
 public:
  /// Side of the column on which its cells are aligned.
  enum class Align : bool { left, right };
  /// A column of the table.
  struct Column {
    std::string_view title;     ///< text of the first line
    Align align = Align::left;  ///< of title and cells
  };

  /// An empty table with these columns.
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// Adds a row with one cell for each column; an empty cell shows as "-".
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Whether there is no row.
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Returns one line for the titles and one for each row, each indented by `indent` spaces and without
  /// trailing spaces.
  [[nodiscard]] std::string to_string(std::size_t indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hawser::cli
