#include "cli/table.hpp"

#include <algorithm>

namespace hawser::cli {
namespace {

std::string_view shown(const std::string& cell) {
  return cell.empty() ? "-" : std::string_view(cell);
}

void append_cell(std::string& line, std::string_view cell, std::size_t width, Table::Align align) {
  const std::string padding(width - cell.size(), ' ');
  if (align == Table::Align::right) line += padding;
  line += cell;
  if (align == Table::Align::left) line += padding;
}

}  // namespace

std::string Table::to_string(std::size_t indent) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = columns_[c].title.size();
    for (const auto& row : rows_) width = std::max(width, shown(row[c]).size());
    widths.push_back(width);
  }
  std::string out;
  const auto append_line = [&](auto cell_of) {
    std::string line(indent, ' ');
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c != 0) line += "  ";
      append_cell(line, cell_of(c), widths[c], columns_[c].align);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  append_line([&](std::size_t c) { return columns_[c].title; });
  for (const auto& row : rows_) append_line([&](std::size_t c) { return shown(row[c]); });
  return out;
}

}  // namespace hawser::cli
