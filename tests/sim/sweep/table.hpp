#pragma once

#include <string>
#include <vector>

#include "sim/sweep/jobs.hpp"

namespace hawser::sim::sweep {

void print_heading(const Options& options);
void print_row(const Row& row);
/// False: the file cannot be written, which was reported.
[[nodiscard]] bool write_json(const std::string& file, const std::vector<Row>& rows);

}  // namespace hawser::sim::sweep
